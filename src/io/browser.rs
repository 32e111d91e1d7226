//! The person's own browser.

use std::io;

/// Opens an address in the default browser. The browser goes on by itself.
pub fn open(url: &str) -> io::Result<()> {
    open::that_detached(url)
}
