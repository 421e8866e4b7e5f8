//! What is written in a text in another way: encoded, escaped, packed. Each view of it is searched as the text itself is,
//! so that what was done twice is undone twice.

use std::io::Read;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// The shortest run of digits of base 64 that is read.
const RUN_64: usize = 16;
/// The fewest bytes in hex that are read.
const RUN_16: usize = 6;
/// The most bytes that stand between two bytes in hex: `, 0x`, or the end of a line.
const GAP_16: usize = 8;
/// The most bytes of one packed stream that are read.
const UNPACKED: u64 = 16 << 20;

const DIGITS_64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A part of a text, read in another way.
pub(super) struct View {
    /// What it says.
    pub(super) bytes: Vec<u8>,
    origin: Origin,
}

/// Where a view comes from.
enum Origin {
    /// Each byte from a place of its own.
    Each(Vec<Range<u32>>),
    /// All of it from this place.
    Whole(Range<usize>),
}

impl View {
    /// Where in the text something of the view stands.
    pub(super) fn origin(&self, found: &Range<usize>) -> Range<usize> {
        match &self.origin {
            Origin::Whole(whole) => whole.clone(),
            Origin::Each(each) => {
                each[found.start].start as usize..each[found.end.max(found.start + 1) - 1].end as usize
            }
        }
    }

    fn each(bytes: Vec<u8>, origin: Vec<Range<u32>>) -> Self {
        Self { bytes, origin: Origin::Each(origin) }
    }
}

/// Reads a text in every other way that it can be read. One above four gigabytes isn't.
pub(super) fn each(text: &[u8], mut take: impl FnMut(View)) {
    if u32::try_from(text.len()).is_err() {
        return;
    }
    if is_mostly_text(text) {
        for (lead, decode) in SUBSTITUTES {
            if let Some(view) = substituted(text, *lead, *decode) {
                take(view);
            }
        }
    }
    base64(text, &mut take);
    hex(text, &mut take);
    packed(text, &mut take);
}

/// Noise isn't read as text: in it every escape stands somewhere.
fn is_mostly_text(text: &[u8]) -> bool {
    let odd = text.iter().filter(|b| (**b < 0x20 && !b"\0\t\n\r\x1b".contains(b)) || **b >= 0x7f).count();
    odd <= text.len() / 4
}

/// What stands for something else: how it begins, and what it says, with its length.
type Decode = fn(&[u8]) -> Option<(u32, usize)>;
const SUBSTITUTES: &[(u8, Decode)] = &[(b'%', percent), (b'\\', backslash), (b'&', entity), (0, nothing)];

fn substituted(text: &[u8], lead: u8, decode: Decode) -> Option<View> {
    let first = text.iter().position(|b| *b == lead)?;
    let (mut bytes, mut origin) = (Vec::new(), Vec::new());
    let (mut at, mut any) = (first, false);
    let place = |from: usize, to: usize| at32(from)..at32(to);
    bytes.extend_from_slice(&text[..first]);
    origin.extend((0..first).map(|n| place(n, n + 1)));
    while at < text.len() {
        let decoded = (text[at] == lead).then(|| decode(&text[at..])).flatten();
        let Some((code, len)) = decoded else {
            bytes.push(text[at]);
            origin.push(place(at, at + 1));
            at += 1;
            continue;
        };
        any = true;
        let before = bytes.len();
        match (code, char::from_u32(code)) {
            // A byte of a longer character, or of anything else.
            (0x80..=0xff, _) if lead == b'%' => bytes.push(u8::try_from(code).unwrap_or_default()),
            (0, _) | (_, None) => {}
            (_, Some(c)) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        origin.extend((before..bytes.len()).map(|_| place(at, at + len)));
        at += len;
    }
    (any && !bytes.is_empty()).then(|| View::each(bytes, origin))
}

fn digits(text: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok().filter(|_| !text.starts_with(b"+"))
}

fn percent(text: &[u8]) -> Option<(u32, usize)> {
    Some((digits(text.get(1..3)?, 16)?, 3))
}

fn backslash(text: &[u8]) -> Option<(u32, usize)> {
    let next = *text.get(1)?;
    let plain = match next {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'"' | b'\\' | b'/' | b'\'' => next,
        b'u' => return Some((digits(text.get(2..6)?, 16)?, 6)),
        b'x' => return Some((digits(text.get(2..4)?, 16)?, 4)),
        b'0'..=b'3' => return Some((digits(text.get(1..4)?, 8)?, 4)),
        _ => return None,
    };
    Some((u32::from(plain), 2))
}

fn entity(text: &[u8]) -> Option<(u32, usize)> {
    const NAMED: &[(&[u8], u8)] =
        &[(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    if let Some((name, c)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((u32::from(*c), name.len()));
    }
    let number = text.strip_prefix(b"&#")?;
    let end = number.iter().take(8).position(|b| *b == b';')?;
    let number = &number[..end];
    let code = match number.strip_prefix(b"x").or_else(|| number.strip_prefix(b"X")) {
        Some(hex) => digits(hex, 16)?,
        None => digits(number, 10)?,
    };
    Some((code, end + 3))
}

/// Of wide characters, what isn't nothing is the text.
fn nothing(_: &[u8]) -> Option<(u32, usize)> {
    Some((0, 1))
}

/// Runs of digits of base 64, which may go on in the next line.
fn base64(text: &[u8], take: &mut impl FnMut(View)) {
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || b"+/-_".contains(&b);
    let (mut run, mut at): (Vec<u32>, usize) = (Vec::new(), 0);
    while at < text.len() {
        if is_digit(text[at]) {
            run.push(at32(at));
            at += 1;
            continue;
        }
        let next =
            if run.is_empty() { None } else { next_line(text, at).filter(|next| is_digit(text[*next])) };
        match next {
            Some(next) => at = next,
            None => {
                of_run(text, &run, take);
                run.clear();
                at += 1;
            }
        }
    }
    of_run(text, &run, take);
}

/// Where the next line begins, after its margin, if one ends here.
fn next_line(text: &[u8], at: usize) -> Option<usize> {
    let end = at + usize::from(text[at] == b'\r');
    if text.get(end) != Some(&b'\n') {
        return None;
    }
    let margin = text[end + 1..].iter().take_while(|b| b" \t".contains(b)).count();
    Some(end + 1 + margin).filter(|next| *next < text.len())
}

/// What is before it may look like a part of it, so it is read from each of four places.
fn of_run(text: &[u8], run: &[u32], take: &mut impl FnMut(View)) {
    if run.len() < RUN_64 {
        return;
    }
    let digit = |at: &u32| match text[*at as usize] {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let digits: Vec<u8> = run.iter().map(digit).collect();
    for from in 0..4 {
        let rest = &digits[from..];
        let whole = if rest.len() % 4 == 1 { rest.len() - 1 } else { rest.len() };
        // Nothing but digits, and not one too many: it can't fail.
        let Ok(bytes) = DIGITS_64.decode(&rest[..whole]) else { continue };
        let origin = (0..bytes.len()).map(|n| {
            let first = from + n * 4 / 3;
            run[first]..run[first + 1] + 1
        });
        let origin = origin.collect();
        take(View::each(bytes, origin));
    }
}

/// Bytes in hex, however they are set apart.
fn hex(text: &[u8], take: &mut impl FnMut(View)) {
    let mut at = 0;
    while at < text.len() {
        if nibble(text, at).is_none() {
            at += 1;
            continue;
        }
        // A digit before it may look like a part of it.
        let (even, end) = hex_run(text, at);
        let (odd, _) = hex_run(&text[..end], at + 1);
        for (bytes, origin) in [even, odd] {
            if bytes.len() >= RUN_16 {
                take(View::each(bytes, origin));
            }
        }
        at = end.max(at + 1);
    }
}

fn hex_run(text: &[u8], from: usize) -> ((Vec<u8>, Vec<Range<u32>>), usize) {
    let (mut bytes, mut origin) = (Vec::new(), Vec::new());
    let (mut at, mut end) = (from, from);
    while at < text.len() && at - end <= GAP_16 {
        if let (Some(high), Some(low)) = (nibble(text, at), nibble(text, at + 1)) {
            bytes.push(high << 4 | low);
            origin.push(at32(at)..at32(at + 2));
            at += 2;
            end = at;
        } else if matches!(&text[at..(at + 2).min(text.len())], b"0x" | b"0X" | b"\\x") {
            at += 2;
        } else if b" \t\r\n:,;-".contains(&text[at]) {
            at += 1;
        } else {
            break;
        }
    }
    ((bytes, origin), end)
}

fn nibble(text: &[u8], at: usize) -> Option<u8> {
    let value = char::from(*text.get(at)?).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Streams that were packed by gzip, zlib or zip, wherever they begin.
fn packed(text: &[u8], take: &mut impl FnMut(View)) {
    let mut at = 0;
    while at + 2 < text.len() {
        let rest = &text[at..];
        let (bytes, left) = match rest {
            [0x1f, 0x8b, 0x08, ..] => unpack(GzDecoder::new(rest), GzDecoder::into_inner),
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => unpack(ZlibDecoder::new(rest), ZlibDecoder::into_inner),
            [b'P', b'K', 3, 4, ..] => match zip_entry(rest) {
                Some(entry) => unpack(DeflateDecoder::new(entry), DeflateDecoder::into_inner),
                None => (Vec::new(), rest),
            },
            _ => {
                at += 1;
                continue;
            }
        };
        if bytes.is_empty() {
            at += 1;
            continue;
        }
        let end = text.len() - left.len();
        take(View { bytes, origin: Origin::Whole(at..end.max(at + 1)) });
        at = end.max(at + 1);
    }
}

/// What is in a stream, as far as it is whole and within bounds, and what comes after it.
fn unpack<'a, R: Read>(mut packed: R, rest: fn(R) -> &'a [u8]) -> (Vec<u8>, &'a [u8]) {
    let mut bytes = Vec::new();
    // What is broken may say something before it breaks.
    let _ = packed.by_ref().take(UNPACKED).read_to_end(&mut bytes);
    (bytes, rest(packed))
}

/// The packed bytes of a file in a zip archive, and what comes after them.
fn zip_entry(rest: &[u8]) -> Option<&[u8]> {
    const HEADER: usize = 30;
    const DEFLATED: usize = 8;
    let number = |at: usize| Some(usize::from(u16::from_le_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
    let packed = number(8)? == DEFLATED;
    let begins = HEADER + number(26)? + number(28)?;
    packed.then(|| rest.get(begins..)).flatten()
}

fn at32(at: usize) -> u32 {
    u32::try_from(at).expect("longer texts aren't read")
}
