//! Git's packet lines: four hexadecimal digits of length, then the text.

/// Largest payload of one line.
const LINE_MAX: usize = 65_516;

/// One packet of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Flush,
    Delimiter,
    Data(&'a [u8]),
}

/// Splits the first packet off `input`; `None` if it is no packet.
pub(crate) fn next<'a>(input: &mut &'a [u8]) -> Option<Packet<'a>> {
    let head = input.get(..4)?;
    let len = usize::from_str_radix(std::str::from_utf8(head).ok()?, 16).ok()?;
    match len {
        0 | 1 => {
            *input = &input[4..];
            Some(if len == 0 {
                Packet::Flush
            } else {
                Packet::Delimiter
            })
        }
        2 | 3 => None,
        _ => {
            let data = input.get(4..len)?;
            *input = &input[len..];
            Some(Packet::Data(data))
        }
    }
}

/// Returns a packet's text without its line end.
pub(crate) fn text(data: &[u8]) -> &str {
    std::str::from_utf8(data.strip_suffix(b"\n").unwrap_or(data)).unwrap_or("")
}

/// Packets being written.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn line(&mut self, text: &str) {
        self.data(format!("{text}\n").as_bytes());
    }

    pub(crate) fn data(&mut self, data: &[u8]) {
        self.0
            .extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
        self.0.extend_from_slice(data);
    }

    pub(crate) fn flush(&mut self) {
        self.0.extend_from_slice(b"0000");
    }

    pub(crate) fn delimiter(&mut self) {
        self.0.extend_from_slice(b"0001");
    }

    /// Writes `data` on a side band, cut into lines.
    pub(crate) fn band(&mut self, band: u8, data: &[u8]) {
        for chunk in data.chunks(LINE_MAX - 1) {
            self.0
                .extend_from_slice(format!("{:04x}", chunk.len() + 5).as_bytes());
            self.0.push(band);
            self.0.extend_from_slice(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_round_trip_and_rubbish_is_refused() {
        let mut w = Writer::default();
        w.line("want x");
        w.delimiter();
        w.flush();
        let mut input = w.0.as_slice();
        assert_eq!(next(&mut input), Some(Packet::Data(b"want x\n")));
        assert_eq!(next(&mut input), Some(Packet::Delimiter));
        assert_eq!(next(&mut input), Some(Packet::Flush));
        assert_eq!(next(&mut input), None);
        for bad in [&b"zzzz"[..], b"0003", b"00ffx", b"00"] {
            let mut input = bad;
            assert_eq!(next(&mut input), None, "{bad:?}");
        }
    }
}
