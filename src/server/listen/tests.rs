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

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: m.example\r\n\r\n";

fn ask(client: &mut BufReader<impl Read + Write>) -> String {
    client.get_mut().write_all(REQUEST).unwrap();
    answer(client)
}

/// The next one.
fn answer(client: &mut BufReader<impl Read>) -> String {
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

/// A server of two threads.
struct Two {
    address: SocketAddr,
    by: Arc<Mutex<Option<ThreadId>>>,
    places: Arc<Semaphore>,
    stop: watch::Sender<Stop>,
    /// Say where each of them runs.
    marks: Vec<Box<dyn Fn(usize) + Send>>,
    ends: Vec<thread::JoinHandle<()>>,
}

impl Two {
    fn of(tls: Option<Terms>) -> Self {
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
        let mark =
            |(seat, _): &Seated<Newcomer>| -> Box<dyn Fn(usize) + Send> { Box::new(seat.mark()) };
        let marks = seats.iter().map(mark).collect();
        let start = |seated| {
            let listener = listener.try_clone().unwrap();
            let (hall, places) = (Arc::clone(&hall), Arc::clone(&places));
            let share = share(listener, hall, stopped.clone(), places, seated);
            thread::spawn(|| in_this_thread(share, || ()))
        };
        Self {
            ends: seats.into_iter().map(start).collect(),
            address,
            by,
            places,
            stop,
            marks,
        }
    }

    /// Which of them answered last.
    fn last(&self) -> usize {
        let last = self.by.lock().unwrap().unwrap();
        let mut ends = self.ends.iter();
        ends.position(|end| end.thread().id() == last)
            .expect("a thread of ours")
    }

    /// Every connection has ended, and every place is free.
    fn end(self, mut client: impl Read) {
        self.stop.send(Stop::Gently).unwrap();
        self.ends.into_iter().for_each(|end| end.join().unwrap());
        let all = Bounds::default().connections as usize;
        assert_eq!(self.places.available_permits(), all);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"", "it has ended as it should");
    }
}

/// What the client sees on a connection whose bytes come by another processor all of a sudden.
fn goes_on<C: Read + Write>(tls: Option<Terms>, client: impl FnOnce(TcpStream) -> C) {
    let two = Two::of(tls);
    let answering = |client: &mut BufReader<C>| {
        assert_eq!(ask(client).trim_end(), SAID);
        two.last()
    };

    let near = stay();
    let mut client = BufReader::new(client(TcpStream::connect(two.address).unwrap()));
    let first = answering(&mut client);
    let stayed = (0..200).all(|_| answering(&mut client) == first);
    assert!(stayed, "nobody is known to run where its bytes come by");

    two.marks[1 - first](near);
    let went = (0..1000).filter(|_| answering(&mut client) != first);
    assert!(went.count() >= 100, "it went where its bytes come by");
    two.end(client);
}

/// The same where that is another one again and again, and the client does not wait for one answer before it asks for the
/// next.
fn goes_to_and_fro<C: Read + Write>(tls: Option<Terms>, client: impl FnOnce(TcpStream) -> C) {
    let two = Two::of(tls);
    let near = stay();
    let mut client = BufReader::new(client(TcpStream::connect(two.address).unwrap()));
    let mut answered = [0, 0];
    // In the last turn it may not go, so that it is at home when all ends.
    for turn in 0..298 {
        let (here, there) = (turn % 2, 1 - turn % 2);
        two.marks[here](near);
        two.marks[there](near + 1);
        let (begins, ends) = REQUEST.split_at(1 + turn % (REQUEST.len() - 1));
        let whole = 1 + turn % 90;
        let asked = [&REQUEST.repeat(whole), begins].concat();
        client.get_mut().write_all(&asked).unwrap();
        let are_right = (0..whole).all(|_| answer(&mut client).trim_end() == SAID);
        client.get_mut().write_all(ends).unwrap();
        assert!(are_right && answer(&mut client).trim_end() == SAID);
        // Between two answers it may go.
        assert_eq!(ask(&mut client).trim_end(), SAID);
        answered[two.last()] += 1;
    }
    assert!(answered.iter().all(|turns| *turns > 20), "{answered:?}");
    two.end(client);
}

#[test]
fn a_connection_goes_from_one_thread_to_another_between_two_answers() {
    goes_on(None, |stream| stream);
}

#[test]
fn no_word_is_lost_of_a_connection_that_goes_to_and_fro() {
    goes_to_and_fro(None, |stream| stream);
    let (terms, client) = tls::tests::terms_and_client("m.example");
    goes_to_and_fro(Some(terms), |stream| {
        let name = "m.example".try_into().unwrap();
        StreamOwned::new(ClientConnection::new(client, name).unwrap(), stream)
    });
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
