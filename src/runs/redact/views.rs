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
/// The longest text in which each kind of escape is also read alone.
const READ_ALONE: usize = 64 << 10;
/// The most bytes of one packed stream that are read.
const UNPACKED: u64 = 16 << 20;

const DIGITS_64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a byte may be.
const DIGIT_64: u8 = 1;
const DIGIT_16: u8 = 2;
const ODD: u8 = 4;
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut out = [0; 256];
    let mut b = u8::MIN;
    loop {
        let mut class = 0;
        if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_') {
            class |= DIGIT_64;
        }
        if b.is_ascii_hexdigit() {
            class |= DIGIT_16;
        }
        if b >= 0x7f || (b < 0x20 && !matches!(b, 0 | b'\t' | b'\n' | b'\r' | 0x1b)) {
            class |= ODD;
        }
        out[b as usize] = class;
        if b == u8::MAX {
            return out;
        }
        b += 1;
    }
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// A part of a text, read in another way.
pub(super) struct View<'a> {
    /// What it says.
    pub(super) bytes: Vec<u8>,
    origin: Origin<'a>,
}

/// Where a view comes from.
enum Origin<'a> {
    /// Each byte from a place of its own.
    Each(Vec<Range<u32>>),
    /// Digits of base 64 at these places, from one of them on.
    Digits(&'a [u32], usize),
    /// All of it from this place.
    Whole(Range<usize>),
}

impl View<'_> {
    /// Where in the text something of the view stands.
    pub(super) fn origin(&self, found: &Range<usize>) -> Range<usize> {
        let place = |n: usize| match &self.origin {
            Origin::Whole(whole) => whole.clone(),
            Origin::Each(each) => each[n].start as usize..each[n].end as usize,
            Origin::Digits(run, from) => {
                let first = from + n * 4 / 3;
                run[first] as usize..run[first + 1] as usize + 1
            }
        };
        place(found.start).start..place(found.end.max(found.start + 1) - 1).end
    }

    fn each(bytes: Vec<u8>, origin: Vec<Range<u32>>) -> Self {
        Self { bytes, origin: Origin::Each(origin) }
    }
}

/// Reads a text in every other way that it can be read. One above four gigabytes isn't. Noise that was made by reading isn't
/// read as text: in it every escape stands somewhere.
pub(super) fn each(text: &[u8], is_whole: bool, mut take: impl FnMut(View<'_>)) {
    if u32::try_from(text.len()).is_err() {
        return;
    }
    let is_text = is_mostly_text(text);
    if is_text {
        let all: Vec<Substitute> =
            SUBSTITUTES.iter().filter(|(lead, _)| text.contains(lead)).copied().collect();
        // A value may hold what looks like another escape, so each kind is also read alone; but only once, since there
        // are as many orders as there are kinds.
        let alone = if is_whole && all.len() > 1 && text.len() <= READ_ALONE { &all[..] } else { &[] };
        let sets = std::iter::once(&all[..]).chain(alone.iter().map(std::slice::from_ref));
        sets.filter_map(|set| substituted(text, set)).for_each(&mut take);
    }
    if is_text || is_whole {
        base64(text, &mut take);
        hex(text, &mut take);
    }
    packed(text, &mut take);
}

fn is_mostly_text(text: &[u8]) -> bool {
    text.iter().filter(|b| is(**b, ODD)).count() <= text.len() / 4
}

/// What stands for something else: how it begins, and what it says, with its length.
type Substitute = (u8, fn(&[u8]) -> Option<(u32, usize)>);
const SUBSTITUTES: &[Substitute] = &[(b'%', percent), (b'\\', backslash), (b'&', entity), (0, nothing)];

fn substituted(text: &[u8], set: &[Substitute]) -> Option<View<'static>> {
    let decoded = |at: usize| {
        let (lead, decode) = set.iter().find(|(lead, _)| *lead == text[at])?;
        Some((*lead, decode(&text[at..])?))
    };
    let first = (0..text.len()).find(|at| decoded(*at).is_some())?;
    let (mut bytes, mut origin) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    bytes.extend_from_slice(&text[..first]);
    origin.extend((0..first).map(|n| at32(n)..at32(n + 1)));
    let mut at = first;
    while at < text.len() {
        let Some((lead, (code, len))) = decoded(at) else {
            bytes.push(text[at]);
            origin.push(at32(at)..at32(at + 1));
            at += 1;
            continue;
        };
        let before = bytes.len();
        match (code, char::from_u32(code)) {
            // A byte of a longer character, or of anything else.
            (0x80..=0xff, _) if lead == b'%' => bytes.push(u8::try_from(code).unwrap_or_default()),
            (0, _) | (_, None) => {}
            (_, Some(c)) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        origin.extend((before..bytes.len()).map(|_| at32(at)..at32(at + len)));
        at += len;
    }
    (!bytes.is_empty()).then(|| View::each(bytes, origin))
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
#[expect(clippy::unnecessary_wraps, reason = "it stands in a table with those that may not decode")]
fn nothing(_: &[u8]) -> Option<(u32, usize)> {
    Some((0, 1))
}

/// Runs of digits of base 64, which may go on in the next line.
fn base64(text: &[u8], take: &mut impl FnMut(View<'_>)) {
    let (mut pieces, mut at): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    while at < text.len() {
        if !is(text[at], DIGIT_64) {
            at += 1;
            continue;
        }
        let len = text[at..].iter().position(|b| !is(*b, DIGIT_64)).unwrap_or(text.len() - at);
        pieces.push(at..at + len);
        at += len;
        match next_line(text, at).filter(|next| is(text[*next], DIGIT_64)) {
            Some(next) => at = next,
            None => {
                of_run(text, &pieces, take);
                pieces.clear();
            }
        }
    }
}

/// Where the next line begins, after its margin, if one ends here.
fn next_line(text: &[u8], at: usize) -> Option<usize> {
    let end = at + usize::from(text.get(at) == Some(&b'\r'));
    if text.get(end) != Some(&b'\n') {
        return None;
    }
    let margin = text[end + 1..].iter().take_while(|b| b" \t".contains(b)).count();
    Some(end + 1 + margin).filter(|next| *next < text.len())
}

/// What is before it may look like a part of it, so it is read from each of four places.
fn of_run(text: &[u8], pieces: &[Range<usize>], take: &mut impl FnMut(View<'_>)) {
    if pieces.iter().map(ExactSizeIterator::len).sum::<usize>() < RUN_64 {
        return;
    }
    let run: Vec<u32> = pieces.iter().cloned().flatten().map(at32).collect();
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
        take(View { bytes, origin: Origin::Digits(&run, from) });
    }
}

/// Bytes in hex, however they are set apart.
fn hex(text: &[u8], take: &mut impl FnMut(View<'_>)) {
    let mut at = 0;
    while at < text.len() {
        if !is(text[at], DIGIT_16) {
            at += 1;
            continue;
        }
        let mut count = 0;
        let end = hex_run(text, at, |_, _| count += 1);
        if count >= RUN_16 {
            // A digit before it may look like a part of it.
            for from in [at, at + 1] {
                let (mut bytes, mut origin) = (Vec::with_capacity(count), Vec::with_capacity(count));
                hex_run(&text[..end], from, |byte, at| {
                    bytes.push(byte);
                    origin.push(at32(at)..at32(at + 2));
                });
                take(View::each(bytes, origin));
            }
        }
        at = end.max(at + 1);
    }
}

/// Reads bytes in hex from here on, and gives where the last one ends.
fn hex_run(text: &[u8], from: usize, mut each: impl FnMut(u8, usize)) -> usize {
    let (mut at, mut end) = (from, from);
    while at < text.len() && at - end <= GAP_16 {
        if let (Some(high), Some(low)) = (nibble(text, at), nibble(text, at + 1)) {
            each(high << 4 | low, at);
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
    end
}

fn nibble(text: &[u8], at: usize) -> Option<u8> {
    let digit = *text.get(at)?;
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Streams that were packed by gzip, zlib or zip, wherever they begin.
fn packed(text: &[u8], take: &mut impl FnMut(View<'_>)) {
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
