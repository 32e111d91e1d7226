//! Connections that go from one thread to another.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustls::{ClientConnection, StreamOwned};

use super::respond::Allowed;
use super::*;
use crate::io::clock::SystemClock;

/// Says always the same, and notes who said it last.
struct Parrot(Arc<Mutex<Option<ThreadId>>>);

const SAID: &str = "always the same";

impl Answer for Parrot {
    fn read(&self, _: &Parts, _: Allowed) -> Response<Body> {
        *self.0.lock().unwrap() = Some(thread::current().id());
        respond::sentence(StatusCode::OK, SAID)
    }
}

/// This thread runs on one processor from now on, which is returned.
fn stay() -> usize {
    let may = sched_getaffinity(None).unwrap();
    let one = (0..CpuSet::MAX_CPU).find(|cpu| may.is_set(*cpu)).unwrap();
    let mut only = CpuSet::new();
    only.set(one);
    sched_setaffinity(None, &only).unwrap();
    one
}

fn ask(client: &mut BufReader<impl Read + Write>) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: m.example\r\n\r\n";
    client.get_mut().write_all(request).unwrap();
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        client.read_line(&mut line).unwrap();
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = bytes.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// What the client sees on a connection whose bytes come by another processor all of a sudden.
fn goes_on<C: Read + Write>(tls: Option<Terms>, client: impl FnOnce(TcpStream) -> C) {
    let by = Arc::default();
    let hall = Arc::new(Hall {
        tls,
        ..Hall::plain(
            Parrot(Arc::clone(&by)),
            Arc::new(SystemClock),
            Bounds::default(),
        )
    });
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let places = Arc::new(Semaphore::new(hall.bounds.connections as usize));
    let (stop, stopped) = watch::channel(Stop::Running);

    let seats = threads::seats(2);
    let marks: Vec<_> = seats.iter().map(|(seat, _)| seat.mark()).collect();
    let ends: Vec<_> = seats
        .into_iter()
        .map(|seated| {
            let listener = listener.try_clone().unwrap();
            let (hall, places) = (Arc::clone(&hall), Arc::clone(&places));
            let share = share(listener, hall, stopped.clone(), places, seated);
            thread::spawn(|| in_this_thread(share, || ()))
        })
        .collect();
    let answering = |client: &mut BufReader<C>| {
        assert_eq!(ask(client).trim_end(), SAID);
        let last = by.lock().unwrap().unwrap();
        ends.iter().position(|end| end.thread().id() == last)
    };

    let near = stay();
    let mut client = BufReader::new(client(TcpStream::connect(address).unwrap()));
    let first = answering(&mut client).expect("a thread of ours");
    let stayed = (0..200).all(|_| answering(&mut client) == Some(first));
    assert!(stayed, "nobody is known to run where its bytes come by");

    marks[1 - first](near);
    let went = (0..200).filter(|_| answering(&mut client) != Some(first));
    assert!(went.count() >= 100, "it went where its bytes come by");

    stop.send(Stop::Gently).unwrap();
    ends.into_iter().for_each(|end| end.join().unwrap());
    assert_eq!(places.available_permits(), hall.bounds.connections as usize);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "it has ended as it should");
}

#[test]
fn a_connection_goes_from_one_thread_to_another_between_two_answers() {
    goes_on(None, |stream| stream);
}

#[test]
fn a_connection_over_tls_goes_from_one_thread_to_another_with_what_was_agreed_on() {
    let (terms, client) = tls::tests::terms_and_client("m.example");
    goes_on(Some(terms), |stream| {
        let name = "m.example".try_into().unwrap();
        StreamOwned::new(ClientConnection::new(client, name).unwrap(), stream)
    });
}

#[test]
fn one_address_leaves_places_for_http_2_to_others() {
    let places = SharedPlaces::of(80);
    let mut taken: Vec<_> = (0..80).filter_map(|_| places.take(Some(1))).collect();
    assert_eq!(taken.len(), 10);
    assert!(places.take(Some(2)).is_some());
    assert!(places.take(None).is_some(), "who comes through a proxy");
    taken.pop();
    assert!(places.take(Some(1)).is_some());
}
