//! Word to the system that started this program as a service, if it wants to hear it: `sd_notify(3)`.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// What comes is answered.
    Ready,
    /// What is under way comes to its end.
    Stopping,
}

impl State {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1",
            Self::Stopping => b"STOPPING=1",
        }
    }
}

/// Nobody listening is no error: most programs are started by a person.
pub fn tell(state: State) {
    if let Some(place) = std::env::var_os("NOTIFY_SOCKET") {
        // The system waits for it, and then says so itself.
        let _ = send(&place, state.word());
    }
}

fn send(place: &OsStr, word: &[u8]) -> io::Result<usize> {
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(place)?,
    };
    UnixDatagram::unbound()?.send_to_addr(word, &address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::files;

    fn heard(listener: &UnixDatagram) -> Vec<u8> {
        let mut space = [0; 64];
        let count = listener.recv(&mut space).unwrap();
        space[..count].to_vec()
    }

    #[test]
    fn a_word_arrives_at_a_path_and_at_a_name_without_one() {
        let folder = files::temporary_folder("service").unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        send(path.as_os_str(), State::Ready.word()).unwrap();
        assert_eq!(heard(&listener), b"READY=1");

        let name = format!("colport-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixDatagram::bind_addr(&address).unwrap();
        send(format!("@{name}").as_ref(), State::Stopping.word()).unwrap();
        assert_eq!(heard(&listener), b"STOPPING=1");
    }
}
