use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;

const SECRET: &str = "p4ss/w0rd+\"quoted\"&more";

fn cleaned(redactor: &Redactor, text: &str) -> String {
    redactor.clean_text(text)
}

#[test]
fn a_known_value_is_masked_in_every_spelling() {
    let redactor = Redactor::new([SECRET, "abc"]);
    let spelt = spellings::spellings(SECRET);
    assert!(spelt.len() >= 18);
    for text in spelt {
        let around = [b"a ", &text[..], b" z"].concat();
        assert_eq!(redactor.clean(&around).0, &b"a [masked] z"[..], "{}", String::from_utf8_lossy(&text));
    }
    assert_eq!(cleaned(&redactor, "abc"), "abc", "what is too short is a word");
}

#[test]
fn it_is_masked_inside_of_what_is_encoded_as_a_whole() {
    let redactor = Redactor::new([SECRET]);
    for before in ["", "x", "xy", "xyz"] {
        let text = STANDARD.encode(format!("{before}{SECRET}, and more"));
        assert!(redactor.finds(&text), "{before}: {text}");
    }
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<_> = text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
    lines.join(end)
}

fn spaced(bytes: &[u8], before: &str, between: &str) -> String {
    bytes.iter().map(|b| format!("{before}{b:02X}")).collect::<Vec<_>>().join(between)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Each of these says the secret, and none as it stands in `spellings`.
#[test]
fn what_was_done_twice_is_undone_twice() {
    let redactor = Redactor::new([SECRET]);
    let within = format!("some text before it: {SECRET}, and after it some more of it");
    let once = STANDARD.encode(&within);
    let escaped = within.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<Vec<_>>().concat();
    let percent = within.bytes().map(|b| format!("%{b:02x}")).collect::<Vec<_>>().concat();
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "MIIxyz".repeat(9));
    for (how, text) in [
        ("wrapped", wrapped(&once, 64, "\n").into_bytes()),
        ("wrapped short", wrapped(&once, 7, "\r\n    ").into_bytes()),
        ("wrapped in JSON", wrapped(&once, 76, "\\n").into_bytes()),
        ("without padding", URL_SAFE_NO_PAD.encode(&within).into_bytes()),
        ("after a path", format!("/a/b/{once}").into_bytes()),
        ("base64 twice", STANDARD.encode(&once).into_bytes()),
        ("base64 thrice", STANDARD.encode(STANDARD.encode(&once)).into_bytes()),
        ("base64 of wrapped base64", STANDARD.encode(wrapped(&once, 64, "\n")).into_bytes()),
        ("hex with colons", spaced(within.as_bytes(), "", ":").into_bytes()),
        ("hex of C", spaced(within.as_bytes(), "0x", ", ").into_bytes()),
        ("hex escapes", spaced(within.as_bytes(), "\\x", "").into_bytes()),
        ("hex in lines", wrapped(&hex::encode(&within), 10, "\n").into_bytes()),
        ("hex after a digit", format!("x0{}", hex::encode(&within)).into_bytes()),
        ("hex in mixed case", hex::encode(&within).replace("6f", "6F").into_bytes()),
        ("escapes", escaped.clone().into_bytes()),
        ("escaped escapes", escaped.replace('\\', "\\\\").into_bytes()),
        ("percent", percent.clone().into_bytes()),
        ("percent twice", percent.replace('%', "%25").into_bytes()),
        ("entities", within.replace('&', "&#x26;").replace('"', "&quot;").into_bytes()),
        ("two bytes", utf16(&within)),
        ("base64 of two bytes", STANDARD.encode(utf16(&within)).into_bytes()),
        ("gzip", gzip(within.as_bytes())),
        ("zlib", zlib(within.as_bytes())),
        ("gzip within", [b"noise", &gzip(within.as_bytes())[..], b"noise"].concat()),
        ("gzip twice", gzip(&gzip(within.as_bytes()))),
        (
            "base64 of gzip, wrapped",
            wrapped(&STANDARD.encode(gzip(within.as_bytes())), 76, "\n").into_bytes(),
        ),
        ("over two lines", within.replace("w0rd", "w0\nrd").into_bytes()),
        ("a key in base64", STANDARD.encode(&key).into_bytes()),
    ] {
        assert!(redactor.finds_in(&text), "{how}: {}", String::from_utf8_lossy(&text));
        let cleaned = redactor.clean(&text).0.into_owned();
        assert!(!redactor.finds_in(&cleaned), "{how}: {}", String::from_utf8_lossy(&cleaned));
    }
}

#[test]
fn nothing_else_is_masked() {
    let redactor = Redactor::new([SECRET]);
    let kept =
        format!("{} a: 0x10, 0x20; %41%42 \\u0041", STANDARD.encode("an innocent text of some length"));
    let noise: Vec<u8> =
        (0..20_000_u32).flat_map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[..8].to_vec()).collect();
    for text in [kept.as_bytes(), &noise, STANDARD.encode(&noise).as_bytes(), &gzip(kept.as_bytes())] {
        assert_eq!(redactor.clean(text).1, 0);
    }
}

#[test]
fn credentials_are_known_by_their_shape() {
    let nobody = Redactor::default();
    let token = format!("ghp_{}", "a1".repeat(18));
    let jwt = format!("eyJ{0}.eyJ{0}.{0}", "x".repeat(20));
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----";
    for (text, expect) in [
        (format!("token {token}."), "token [masked]."),
        (format!("Bearer {jwt} "), "Bearer [masked] "),
        ("https://me:hunter2@h/x".to_owned(), "https://me:[masked]@h/x"),
        (format!("{key}\nnext"), "[masked]\nnext"),
        ("-----BEGIN EC PRIVATE KEY-----\\nMII".to_owned(), "[masked]"),
    ] {
        assert_eq!(cleaned(&nobody, &text), expect, "{text}");
    }
    for text in [
        "task-sk-short",
        "mask-ghp_",
        "http://host:80/a@b",
        "-----BEGIN CERTIFICATE-----",
        "a:b@c",
        "eyJust words",
    ] {
        assert_eq!(cleaned(&nobody, text), text);
    }
    let json = STANDARD.encode("{\"version\":3,\"sources\":[\"a.js\",\"b.js\",\"c.js\"]}");
    assert_eq!(cleaned(&nobody, &json), json, "a document is no token");
}

#[test]
fn a_document_is_masked_in_names_and_texts() {
    let redactor = Redactor::new([SECRET]);
    let value = serde_json::json!({ SECRET: [1, SECRET, null], "b": { "c": "d" } });
    let expect = serde_json::json!({ "[masked]": [1, "[masked]", null], "b": { "c": "d" } });
    assert_eq!(redactor.clean_value(&value), expect);
}

/// What a screen makes of lines, as a file would hold it.
fn screened(lines: &[&str]) -> (Vec<String>, Screen) {
    let (redactor, mut screen, mut out) = (Redactor::new([SECRET]), Screen::default(), Vec::new());
    for line in lines {
        let screened = screen.take(line.as_bytes(), &redactor);
        let Some(line) = screened.line else { continue };
        let kept = out.len() - screened.back;
        out[kept..].fill(MASK.to_owned());
        out.push(String::from_utf8(line).unwrap());
    }
    (out, screen)
}

#[test]
fn a_secret_that_goes_on_in_the_next_line_is_masked_in_both() {
    let encoded = STANDARD.encode(format!("{SECRET}{SECRET}"));
    let lines = wrapped(&encoded, 20, "\n");
    let (first, second) = SECRET.split_at(9);
    let all: Vec<&str> =
        ["before", first, second, "", "between"].into_iter().chain(lines.lines()).chain(["after"]).collect();
    let (out, _) = screened(&all);
    assert_eq!(out[..5], ["before", MASK, MASK, "", "between"]);
    assert_eq!(out.last().map(String::as_str), Some("after"));
    assert!(!out.join("").contains(&encoded[20..40]), "{out:?}");
}

#[test]
fn the_lines_of_a_private_key_are_known_later() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
    let key = ["-----BEGIN PRIVATE KEY-----", body, "-----END PRIVATE KEY-----"];
    for lines in [key.to_vec(), vec![&*key.join("\\n").leak()]] {
        let (out, screen) = screened(&[&["on"], &lines[..], &["off"]].concat());
        assert_eq!(out, ["on", MASK, "off"]);
        assert_eq!(screen.keys().mask(&format!("it is\n{body}\nindeed")), "it is\n[masked]\nindeed");
    }
}
