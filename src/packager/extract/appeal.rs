//! The last lines of many texts ask readers to subscribe to a channel or a letter, to follow, or to comment. In a copy that
//! is read elsewhere they ask for nothing that can be done, and no box marks them.
//!
//! Who is quoted may ask for the same, so a line is one only if it
//!
//! 1. stands at the very end, behind a text,
//! 2. begins by asking, in the newsroom's own name: "our channel", "follow us",
//! 3. names what it is about: a network, a letter, the comments,
//! 4. is short, and quotes nobody.

use super::block::Block;
use super::words;

/// Less in front of it is no text that it could end.
const TEXT: usize = 200;

/// So many lines of this kind stand one below the other.
const LINES: usize = 4;

/// Of one of them.
const WEIGHT: usize = 200;
const WORDS: usize = 18;

pub fn without_appeals(mut blocks: Vec<Block>) -> Vec<Block> {
    let mut left: usize = blocks.iter().map(Block::weight).sum();
    let at_end = blocks.iter_mut().rev();
    let at_end = at_end.filter(|block| !matches!(block, Block::Gone | Block::Rule));
    for block in at_end.take(LINES) {
        left = left.saturating_sub(block.weight());
        if left < TEXT || !is_appeal(block) {
            break;
        }
        *block = Block::Gone;
    }
    blocks
}

fn is_appeal(block: &Block) -> bool {
    let Block::Line { line, .. } = block else {
        return false;
    };
    let text = line.text();
    if line.weight() > WEIGHT || line.leads_to_document() || text.contains(QUOTES) {
        return false;
    }
    let said = words::folded(text);
    let begins = |starts: &[&str]| starts.iter().any(|start| said.starts_with(start));
    let is_short = said.split(' ').count() <= WORDS;
    let names = || ABOUT.iter().any(|about| said.contains(about));
    is_short && (begins(FOLLOW) && names() || begins(COMMENT))
}

const QUOTES: [char; 9] = ['«', '»', '“', '”', '„', '"', '「', '」', '‹'];

/// All that follow are folded, see [`words::folded`].
const FOLLOW: &[&str] = &[
    "subscribe to our",
    "sign up for our",
    "sign up to our",
    "follow us on",
    "follow us in",
    "follow our",
    "join our",
    "join us on",
    "find us on",
    "подписывайтесь на наш",
    "подписывайся на наш",
    "подпишитесь на наш",
    "подпишись на наш",
    "подписывайтесь на нас",
    "подпишитесь на нас",
    "подписывайтесь на канал",
    "читайте нас в",
    "следите за нами в",
    "присоединяйтесь к нам в",
    "присоединяйтесь к нашему",
    "вступайте в наш",
    "падпісвайцеся на наш",
    "падпішыцеся на наш",
    "падпісвайцеся на нас",
    "чытайце нас у",
    "далучайцеся да нас у",
    "сачыце за намі ў",
    "підписуйтесь на наш",
    "підписуйтеся на наш",
    "підпишіться на наш",
    "підписуйтесь на нас",
    "підписуйтеся на нас",
    "читайте нас у",
    "стежте за нами у",
    "стежте за нами в",
    "приєднуйтесь до нас у",
    "приєднуйтесь до нашого",
    "ما را در",
    "به کانال تلگرام ما",
    "عضو کانال ما",
    "关注我们的",
    "订阅我们的",
    "欢迎订阅我们",
    "欢迎关注我们",
    "bizi takip edin",
    "telegram kanalımıza",
    "youtube kanalımıza",
    "whatsapp kanalımıza",
    "bültenimize abone",
    "تابعونا على",
    "تابعنا على",
    "اشترك في نشرتنا",
    "اشتركوا في نشرتنا",
    "اشترك في قناتنا",
    "اشتركوا في قناتنا",
    "انضموا إلى قناتنا",
    "abonnieren sie unser",
    "abonniere unser",
    "folgen sie uns auf",
    "folgen sie uns bei",
    "folgt uns auf",
    "abonnez vous à notre",
    "abonnez vous à nos",
    "suivez nous sur",
    "inscrivez vous à notre",
    "suscríbete a nuestr",
    "suscríbase a nuestr",
    "síguenos en",
    "síganos en",
    "únete a nuestr",
    "assine a nossa",
    "assine nossa",
    "siga nos n",
    "inscreva se n",
    "subscreva a nossa",
    "iscriviti alla nostra",
    "iscriviti al nostro",
    "seguici su",
    "seguiteci su",
    "zapisz się do naszego",
    "zapisz się na nasz",
    "subskrybuj nasz",
    "obserwuj nas na",
    "śledź nas na",
    "dołącz do nas na",
];

/// Beginnings or ends of words will do.
const ABOUT: &[&str] = &[
    "telegram",
    "телеграм",
    "тэлеграм",
    "whatsapp",
    "viber",
    "вайбер",
    "instagram",
    "инстаграм",
    "інстаграм",
    "facebook",
    "фейсбук",
    "фэйсбук",
    "youtube",
    "ютуб",
    "tiktok",
    "twitter",
    "linkedin",
    "mastodon",
    "bluesky",
    "google",
    "вконтакте",
    "newsletter",
    "bulletin",
    "infolettre",
    "boletín",
    "podcast",
    "рассылк",
    "розсилк",
    "канал",
    "channel",
    "kanal",
    "chaîne",
    "canal",
    "bülten",
    "تلگرام",
    "اینستاگرام",
    "خبرنامه",
    "تلغرام",
    "تيليغرام",
    "واتساب",
    "فيسبوك",
    "تويتر",
    "قناتنا",
    "نشرتنا",
    "频道",
    "公众号",
    "通讯",
    "电报",
];

const COMMENT: &[&str] = &[
    "leave a comment",
    "share your thoughts in the comments",
    "tell us in the comments",
    "let us know in the comments",
    "оставьте комментарий",
    "оставляйте комментарии",
    "пишите в комментариях",
    "напишите в комментариях",
    "делитесь мнением в комментариях",
    "пакіньце каментар",
    "пішыце ў каментарах",
    "залиште коментар",
    "пишіть у коментарях",
    "laissez un commentaire",
    "deja un comentario",
    "deja tu comentario",
    "deixe um comentário",
    "deixe seu comentário",
    "lascia un commento",
    "zostaw komentarz",
    "hinterlassen sie einen kommentar",
];

#[cfg(test)]
mod tests {
    use super::super::block::tests::{lines_of, told};
    use super::*;

    fn check(lines: &[&str], expected: usize) {
        let kept = told(without_appeals(lines_of(lines)));
        assert_eq!(kept, expected, "{lines:?}");
    }

    const TOLD: &str = "Several hundred people carrying flowers took to the streets on Monday evening, and the police watched \
        them from afar. The ministry promises to solve the problem by the end of the month, as it did before. Rights groups \
        consider the defendants to be political prisoners and ask for their release. Nobody knows what comes next, they say.";

    #[test]
    fn what_asks_readers_to_subscribe_at_the_end_is_no_text() {
        for appeal in [
            "Subscribe to our Telegram",
            "Follow us on Instagram and YouTube!",
            "Подписывайтесь на наш канал",
            "Падпісвайцеся на наш тэлеграм-канал, каб нічога не прапусціць",
            "Підписуйтесь на наш Telegram, щоб не пропустити новини",
            "ما را در تلگرام دنبال کنید",
            "关注我们的公众号",
            "Telegram kanalımıza abone olun",
            "تابعونا على فيسبوك",
            "Abonnieren Sie unseren Newsletter",
            "Suivez-nous sur WhatsApp",
            "Síguenos en nuestro canal",
            "Zapisz się na nasz newsletter",
            "Пишите в комментариях, что вы об этом думаете",
        ] {
            check(&[TOLD, appeal], 1);
            check(&[TOLD, appeal, "Leave a comment"], 1);
            // Not in the midst of a text, and not alone.
            check(&[appeal, TOLD], 2);
            check(&["Short.", appeal], 2);
        }
    }

    #[test]
    fn news_about_channels_stays_to_its_last_line() {
        for last in [
            "The minister has a Telegram channel, too.",
            "«Подписывайтесь на наш канал», призвал он.",
            "Подписывайтесь, пока не поздно.",
            "Join our army, said the poster that hung on every wall of the town for years.",
            "Subscribe to our view or leave, they told the teachers of the school.",
            "Она ведёт канал в телеграме и подкаст.",
            "Follow our reporters.",
            "Канал закрыли в понедельник, а подписывайтесь на наш телеграм было его последней записью.",
        ] {
            check(&[TOLD, last], 2);
        }
        let long = format!(
            "Subscribe to our Telegram channel, {}",
            "wrote he again and again, ".repeat(9)
        );
        check(&[TOLD, &long], 2);
    }
}
