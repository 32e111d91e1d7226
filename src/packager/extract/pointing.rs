//! Lines that lead away from an article: "Read also:".

use super::block::Line;
use super::words;

/// A line of this weight is a sentence and no label.
const SENTENCE: usize = 60;

/// A line without a colon that says no more than where it leads.
const LABEL: usize = 30;

/// Whether words say nothing but that other articles follow: "Read also".
pub fn is_label(text: &str) -> bool {
    let weight = words::weight(text);
    let longest = match text.trim_end().ends_with([':', '：']) {
        true => SENTENCE,
        false => LABEL,
    };
    weight > 0
        && weight < longest
        && !text.trim_end().ends_with(['.', '!', '?', '…'])
        && is_pointing(text)
}

/// Whether a line is such words and no link.
pub fn is_label_alone(line: &Line) -> bool {
    line.linked_weight() == 0 && is_label(line.text())
}

/// Whether a line is a link with nothing but such words before it.
pub fn is_labelled_link(line: &Line) -> bool {
    let (weight, linked) = (line.weight(), line.linked_weight());
    let rest = weight.saturating_sub(linked);
    if linked == 0 || rest == 0 || rest >= SENTENCE {
        return false;
    }
    let text = line.text();
    let mut said = 0;
    let is_before = |c: &char| {
        let fits = said < rest;
        said += words::weight(c.encode_utf8(&mut [0; 4]));
        fits
    };
    let label: String = match text.find([':', '：']) {
        Some(colon) => text.get(..colon).unwrap_or_default().to_owned() + ":",
        // "Read more about the strike here" is a sentence.
        None if linked * 2 < rest => return false,
        None => text.chars().take_while(is_before).collect(),
    };
    words::weight(&label).abs_diff(rest) <= 2 && is_label(&label)
}

/// Whether a line that ends in a colon leads to other articles: "Read also:".
pub fn is_pointing(text: &str) -> bool {
    const POINTING: &[&str] = &[
        "read",
        "see also",
        "related",
        "more on",
        "more about",
        "more from",
        "more in",
        "more news",
        "more stories",
        "further",
        "recommend",
        "latest news",
        "previously:",
        "earlier:",
        "tags",
        "topics",
        "keywords",
        "share this",
        "share:",
        "follow us",
        "subscribe",
        "contents",
        "чита",
        "чыта",
        "смотр",
        "см.",
        "гляд",
        "див",
        "слуша",
        "слуха",
        "по теме",
        "па тэме",
        "по темі",
        "за темою",
        "на тему",
        "на тэму",
        "ещё по",
        "еще по",
        "яшчэ па",
        "подробн",
        "узнать больше",
        "теж цікав",
        "падрабязн",
        "докладн",
        "ранее:",
        "ранее мы",
        "раней:",
        "раней мы",
        "раніше:",
        "раніше ми",
        "другие материал",
        "іншыя матэрыял",
        "інші матеріал",
        "теги",
        "тэгі",
        "тема:",
        "темы:",
        "тэмы:",
        "теми:",
        "подпис",
        "падпіс",
        "підпис",
        "lire",
        "lisez",
        "voir",
        "lies auch",
        "lesen",
        "mehr zu",
        "siehe",
        "lees",
        "meer over",
        "leggi",
        "vedi",
        "leia",
        "veja",
        "lea t",
        "leer",
        "ver t",
        "te puede",
        "más sobre",
        "czyta",
        "przeczytaj",
        "zobacz",
        "więcej",
        "citeșt",
        "citiți",
        "vezi",
        "läs",
        "les også",
        "læs",
        "oku",
        "ilgili",
        "ayrıca",
        "diğer haber",
        "بخوانید",
        "مرتبط",
        "اقرأ",
        "ذات صلة",
        "اقرا",
        "المزيد",
        "阅读",
        "閱讀",
        "相关",
        "相關",
        "更多",
        "延伸",
        "推荐",
        "関連",
        "こちら",
        "続き",
        "oqing",
        "o‘qing",
        "оқыңыз",
        "окуңуз",
    ];
    // A Turkish İ in small letters is an i with a dot above it.
    let text = text.to_lowercase().replace('\u{307}', "");
    let begins_word = |at: usize, words: &str| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        words.starts_with(|c| c >= '\u{3040}') || !before.is_some_and(char::is_alphabetic)
    };
    POINTING.iter().any(|words| {
        let mut found = text.match_indices(words);
        found.any(|(at, _)| begins_word(at, words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_no_sentence() {
        for label in [
            "Read also",
            "Читайте также:",
            "İLGİLİ HABERLER",
            "相关阅读：",
        ] {
            assert!(is_label(label), "{label}");
        }
        for text in [
            "",
            "Detained today:",
            "Readers write.",
            "Read what they wrote to the ministry that night",
        ] {
            assert!(!is_label(text), "{text}");
        }
    }

    #[test]
    fn what_points_elsewhere_is_told_from_what_announces() {
        for text in [
            "Read also:",
            "See also:",
            "Читайте также:",
            "Материалы по теме:",
            "Lire aussi :",
            "延伸阅读：",
        ] {
            assert!(is_pointing(text), "{text}");
        }
        for text in [
            "Detained today:",
            "The following were already released:",
            "Также задержаны:",
            "Затрыманыя:",
            "被捕者：",
        ] {
            assert!(!is_pointing(text), "{text}");
        }
    }
}
