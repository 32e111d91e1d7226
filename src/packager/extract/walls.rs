//! What stands before a newsroom's site and answers in its place: a shield that checks browsers, a censor's notice, a
//! question of consent, a login, a host that does not pay its bills. And pages that say that there is none.
//!
//! It is asked only of short texts whose page does not say that it is an article. An article *about* such things has the
//! same words in it, so:
//!
//! 1. what somebody is quoted with is not what the page says;
//! 2. words count whole: "from boredom" is no cookie;
//! 3. a wall says little besides: its words are a good part of the headline or of all text, or two of its phrases stand there;
//! 4. who asks for consent speaks of himself and to the reader: "we and our partners", "you agree".

use super::phrases::{
    ASKED, COOKIES, DATA, DOORS, ERRORS, MACHINES, NOT_FOUND, OURS, PAGES, PARTNERS, REMOVED,
    SORRIES,
};
use super::{dates, words};

/// No wall says more.
const LONGEST: usize = 1500;

/// No article that tells anything says less.
const BRIEF: usize = 300;

/// No question about cookies says more, and next to nothing is less than the other.
const ABOUT_COOKIES: usize = 800;
const NEXT_TO_NOTHING: usize = 160;

/// No page that says that there is none says more below its title.
const MISSING: usize = 600;

/// Whether a page with this title, headline and text is a wall.
pub fn is_wall(title: Option<&str>, headline: Option<&str>, text: &str) -> bool {
    let weight = words::weight(text);
    if weight >= LONGEST {
        return false;
    }
    let said = unquoted(text);
    let folded = words::folded(&said);
    let head = title.into_iter().chain(headline).chain(text.lines().next());
    let heads: Vec<String> = head.map(words::folded).collect();
    let is_brief = weight < BRIEF;
    let machines = MACHINES.iter().filter(|phrase| folded.contains(**phrase));
    let is_headed = |phrases: &[&str]| heads.iter().any(|head| is_most_of(head, phrases));
    let signs = machines.count() + usize::from(is_headed(DOORS));
    (signs > 0 && is_brief)
        || signs > 1
        || (is_headed(MACHINES) && weight < 2 * BRIEF)
        || asks_for_data(&said)
        || asks_for_cookies(&folded, weight)
}

/// Half of the headline at least: an article says more about what happened.
fn is_most_of(head: &str, phrases: &[&str]) -> bool {
    let is_it =
        |phrase: &&str| head.contains(*phrase) && words::weight(head) <= 2 * words::weight(phrase);
    phrases.iter().any(is_it)
}

/// Lets go of what stands in quotation marks, line by line.
fn unquoted(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    for line in text.lines() {
        let mut end = None;
        for c in line.chars() {
            match (end, c) {
                (Some(mark), c) if mark == c => end = None,
                // A German quotation ends as an English one begins.
                (Some('”'), '“') => end = None,
                (Some(_), _) => {}
                (None, '«') => end = Some('»'),
                (None, '“' | '„') => end = Some('”'),
                (None, '"') => end = Some('"'),
                (None, '「') => end = Some('」'),
                (None, c) => said.push(c),
            }
        }
        said.push('\n');
    }
    said
}

/// In one sentence: we, our partners, your data.
fn asks_for_data(said: &str) -> bool {
    let mut sentences = said.split(['.', '!', '?', '。', '\n']);
    sentences.any(|sentence| {
        let sentence = words::folded(sentence);
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| sentence.contains(phrase));
        says(PARTNERS) && says(DATA) && holds_any(&sentence, OURS)
    })
}

fn asks_for_cookies(folded: &str, weight: usize) -> bool {
    let says = || holds_any(folded, COOKIES);
    weight < NEXT_TO_NOTHING && says()
        || weight < ABOUT_COOKIES && holds_any(folded, ASKED) && says()
}

/// Whether one of them stands in it as whole words; where words are not parted, anywhere. Among Chinese signs a word of
/// other letters is whole.
fn holds_any(folded: &str, phrases: &[&str]) -> bool {
    let is_parted = |c: Option<char>| c.is_none_or(|c| c == ' ' || words::is_ideograph(c));
    phrases.iter().any(|phrase| {
        let is_joined = phrase.chars().any(words::is_ideograph);
        folded.match_indices(phrase).any(|(at, _)| {
            let (before, from) = folded.split_at(at);
            let behind = from.strip_prefix(phrase).unwrap_or_default();
            is_joined || is_parted(before.chars().next_back()) && is_parted(behind.chars().next())
        })
    })
}

/// Whether a page says that it is none: in its title, or if it says little besides, in its headline or its first words.
pub fn is_of_missing(title: Option<&str>, headline: Option<&str>, text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let sentences = line.split(['.', '!', '?', '。', '！', '؟']).take(2);
    let mut first = headline.into_iter().chain([line]).chain(sentences);
    title.is_some_and(says_not_found) || words::weight(text) < MISSING && first.any(says_not_found)
}

/// Whether it is the title of a page that is missing, in the languages of the first newsrooms: not one of an article about
/// people who are.
fn says_not_found(title: &str) -> bool {
    if words::weight(title) >= 80 {
        return false;
    }
    let title = dates::in_latin_digits(title);
    // The site's name stands behind.
    let parts = [" | ", " - ", " – ", " — ", " · "];
    let ends = parts.iter().filter_map(|part| title.find(part)).min();
    let named = words::folded(title.get(..ends.unwrap_or(title.len())).unwrap_or(&title));
    let named = without_sorrow(&named);
    let folded = words::folded(&title);
    let is_phrase = |said: &str| NOT_FOUND.iter().any(|phrase| said.contains(phrase));
    let is_number = holds_any(&folded, &["404"]);
    (is_phrase(&folded) && (is_number || names_page(&folded)))
        || NOT_FOUND.contains(&named)
        || REMOVED.contains(&named)
        || named == "404"
        || (is_number && folded.split(' ').any(|word| ERRORS.contains(&word)))
}

/// "Oops!"
fn without_sorrow(folded: &str) -> &str {
    let mut rest = SORRIES
        .iter()
        .filter_map(|sorry| folded.strip_prefix(sorry));
    rest.find_map(|rest| rest.strip_prefix(' '))
        .unwrap_or(folded)
}

/// In one of its forms, which end in a few letters more.
fn names_page(folded: &str) -> bool {
    const ENDING: usize = 3;
    let is_form = |word: &str, page: &&str| {
        let ending = word.strip_prefix(*page);
        ending.is_some_and(|ending| ending.chars().count() <= ENDING)
    };
    let is_joined = |page: &&str| page.chars().any(words::is_ideograph) && folded.contains(*page);
    let mut said = folded.split(' ');
    said.any(|word| PAGES.iter().any(|page| is_form(word, page))) || PAGES.iter().any(is_joined)
}

#[cfg(test)]
mod tests {
    use super::super::{NoArticle, extract_page};
    use super::*;
    use url::Url;

    const PROSE: &str = "Several hundred people carrying flowers took to the streets on Monday evening. \
        The ministry promises to solve the problem by the end of the month, as it did before.";

    fn refusal(title: &str, head: &str, text: &str) -> Option<NoArticle> {
        // A date in the address says nothing: the wall stands there too.
        let url = Url::parse("https://n.example/2026/11/20/the-court").unwrap();
        let page = format!("<title>{title}</title><h1>{head}</h1><p>{text}</p>");
        extract_page(page.as_bytes(), &url).err()
    }

    #[test]
    fn a_wall_is_no_article_and_is_called_one() {
        for (title, head, text) in [
            (
                "DDoS-Guard",
                "Checking your browser before accessing news.example",
                "This process is automatic. Your browser will redirect to your requested content shortly. Please allow up to 5 seconds, and after that reload it.",
            ),
            (
                "Attention Required! | Cloudflare",
                "Sorry, you have been blocked",
                "This website is using a security service to protect itself from online attacks. The action you just performed triggered the security solution. There are several actions that could trigger this block.",
            ),
            (
                "Deflect",
                "Please wait while we verify your browser",
                "This website is protected by Deflect. We are checking that you are a real visitor and not a bot; this will take only a moment and then the page that you asked for will be shown.",
            ),
            (
                "Доступ ограничен",
                "Доступ к информационному ресурсу ограничен",
                "Доступ ограничен на основании Федерального закона № 149-ФЗ «Об информации, информационных технологиях и о защите информации». Причины внесения в реестр можно посмотреть в Едином реестре.",
            ),
            (
                "Site maintenance",
                "We’ll be back soon!",
                "Sorry for the inconvenience but we are performing some maintenance at the moment. If you need to you can always contact us, otherwise we will be back online shortly!",
            ),
            (
                "Log in - River Post",
                "Log in to continue",
                "You need an account to read the articles of River Post. It is free and takes one minute; enter your e-mail address and we will send you a link with which you can sign in.",
            ),
            (
                "Account Suspended",
                "This Account has been suspended.",
                "Please contact your hosting provider for more information about the suspension of this account, and ask them for help if you believe that this happened by mistake or without notice.",
            ),
            (
                "Le Journal",
                "Le respect de votre vie privée est notre priorité",
                "Avec votre accord, nos 843 partenaires et nous utilisons des traceurs ou technologies similaires pour stocker, accéder et traiter des données personnelles comme votre visite sur ce site internet.",
            ),
            (
                "Gazeta",
                "Dbamy o Twoją prywatność",
                "My i nasi partnerzy przechowujemy i uzyskujemy dostęp do informacji na urządzeniu oraz przetwarzamy dane osobowe, takie jak unikalne identyfikatory i standardowe informacje wysyłane przez urządzenie.",
            ),
        ] {
            assert_eq!(refusal(title, head, text), Some(NoArticle::Wall), "{head}");
        }
        assert!(NoArticle::Wall.to_string().contains("wall"));
    }

    #[test]
    fn who_stands_before_a_site_is_a_wall_whoever_it_is() {
        for (title, head, text) in [
            (
                "Making sure you&#39;re not a bot!",
                "Making sure you&#39;re not a bot!",
                "You are seeing this because the administrator of this website has set up Anubis to protect the server against the scourge of AI companies aggressively scraping websites. This can and does cause downtime for the websites, which makes their resources inaccessible for everyone. Anubis is a compromise.",
            ),
            (
                "Vercel Security Checkpoint",
                "Vercel Security Checkpoint",
                "We're verifying your browser. Website owner? Click here to fix, and wait until that is done; it may take some minutes, and afterwards the page that you asked for will be shown here.",
            ),
            (
                "Вы не робот?",
                "Вы не робот?",
                "Подтвердите, что запросы отправляли вы, а не робот. Нам очень жаль, но запросы с вашего устройства похожи на автоматические. Почему это могло произойти? Читайте об этом в справке.",
            ),
            (
                "Erişime Engellendi",
                "Bu internet sitesi erişime engellenmiştir",
                "5651 sayılı Kanun uyarınca yapılan teknik inceleme ve hukuki değerlendirme sonucunda bu internet sitesi hakkında idari tedbir uygulanmaktadır, bilgi teknolojileri kurumu kararı.",
            ),
            (
                "River Post",
                "451: Unavailable for legal reasons",
                "We recognise you are attempting to access this website from a country belonging to the European Economic Area (EEA) and therefore access cannot be granted at this time.",
            ),
            (
                "riverpost.example is for sale",
                "riverpost.example",
                "This domain is for sale! The domain riverpost.example may be available for purchase. Get this domain today, with safe and easy shopping. Our team of experts transfers thousands of domains each day.",
            ),
            (
                "River Post",
                "Error establishing a database connection",
                "This either means that the username and password information in your wp-config.php file is incorrect or that contact with the database server could not be established.",
            ),
            (
                "Fire at the elevator",
                "Ad blocker detected",
                "It looks like you are using an ad blocker. Our journalism is paid for by advertising, so please switch it off for our site and reload this page to go on.",
            ),
            (
                "18+",
                "Вам уже исполнилось 18 лет?",
                "Этот материал содержит информацию, предназначенную для лиц старше 18 лет. Подтвердите свой возраст, чтобы продолжить чтение материала на нашем сайте.",
            ),
        ] {
            assert_eq!(refusal(title, head, text), Some(NoArticle::Wall), "{head}");
        }
    }

    #[test]
    fn what_iran_shows_in_place_of_a_site_is_a_wall() {
        let text = "مشترک گرامی دسترسی به این سایت امکان‌پذیر نیست";
        let refused = refusal("پیوندها", "پیوندها", text);
        assert_eq!(refused, Some(NoArticle::Wall));
    }

    #[test]
    fn an_article_about_walls_is_one() {
        let text = format!("{PROSE} {PROSE}");
        for head in [
            "Access denied: how a ministry hid its accounts",
            "Log in to continue, said the school to the parents",
            "Account suspended after a post about the river",
        ] {
            assert_eq!(refusal(head, head, &text), None, "{head}");
        }
        let about = format!("Readers saw “checking your browser” for a day. {PROSE}");
        assert_eq!(
            refusal("The court", "The court", &about.repeat(12)),
            None,
            "a long text"
        );
        let page = format!(
            "<meta property=og:type content=article><title>The court</title><article><p>{about}</p></article>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        assert!(extract_page(page.as_bytes(), &url).is_ok());
    }

    /// What else stands in a news item, with one of the phrases in its midst, and what the page says of itself.
    fn news(phrase: &str, meta: &str) -> Option<NoArticle> {
        let url = Url::parse("https://n.example/1").unwrap();
        let page = format!(
            "{meta}<title>The court has heard the case</title><h1>The court has heard the case</h1><p>{PROSE}</p>\
             <p>The third witness told how it had been: {phrase}, and nobody asked him again about it.</p><p>{PROSE}</p>"
        );
        extract_page(page.as_bytes(), &url).err()
    }

    #[test]
    fn news_with_the_words_of_walls_is_read() {
        let all = [
            MACHINES, DOORS, PARTNERS, DATA, OURS, COOKIES, ASKED, NOT_FOUND, PAGES,
        ];
        for meta in ["", "<meta property=og:type content=article>"] {
            for phrase in all.into_iter().flatten() {
                assert_eq!(news(phrase, meta), None, "{phrase}");
            }
            for matter in [
                "персональные данные клиентов попали в сеть, сообщили партнеры банка",
                "hukuki süreç sürüyor",
                "он ушёл от скуки",
                "суд оштрафовал сайт за куки без согласия пользователей",
                "the court fined the company for cookies that were set without consent",
                "researchers say that machines solve “verify you are human” and “unusual traffic from your network”",
                "подписка подорожала, и доступ ограничен",
            ] {
                assert_eq!(news(matter, meta), None, "{matter}");
            }
        }
    }

    #[test]
    fn short_pages_in_which_letters_of_cookie_stand_are_read() {
        let text = "Она начала рисовать от скуки, когда город закрыли на карантин, а теперь её картины висят в музее столицы. Hukuki süreç sürüyor, dedi avukatı dün akşam kentte.";
        assert_eq!(refusal("Картины", "Картины", text), None);
    }

    #[test]
    fn people_who_are_missing_are_news() {
        for title in [
            "Пропавший в Минске журналист не найден",
            "Missing journalist not found after a week",
            "404 дня под арестом",
            "Журналист - не найден",
            "Тело альпиниста не найдено",
            "Страница мэра удалена",
        ] {
            assert_eq!(refusal(title, title, &PROSE.repeat(2)), None, "{title}");
        }
        for title in [
            "404",
            "404 | River Post",
            "Error 404",
            "Ошибка 404",
            "404 Not Found",
            "Not found",
            "Page not found - River Post",
            "Страница не найдена",
            "Страница удалена | Река",
            "Сторінку видалено",
            "Старонка не знойдзена",
            "Сторінку не знайдено",
            "La page est introuvable",
            "Seite nicht gefunden",
            "صفحه یافت نشد",
            "الصفحة غير موجودة",
            "页面不存在",
            "Sayfa bulunamadı",
        ] {
            assert_eq!(
                refusal(title, title, PROSE),
                Some(NoArticle::NotFound),
                "{title}"
            );
        }
        let page = format!(
            "<meta property=og:type content=article><title>Page not found</title><article><p>{PROSE}</p></article>"
        );
        let url = Url::parse("https://n.example/a").unwrap();
        assert!(
            extract_page(page.as_bytes(), &url).is_ok(),
            "it says what it is"
        );
    }

    #[test]
    fn a_page_that_is_missing_may_say_so_in_its_headline_or_first_words() {
        let text = "Магчыма, матэрыял быў выдалены рэдакцыяй, або вы памыліліся ў адрасе. Паспрабуйце скарыстацца пошукам па сайце, ці пачаць з галоўнай старонкі, або напішыце нам, што менавіта вы шукаеце тут.";
        let named = |head: &str| {
            let page = format!("<title>Рачныя навіны</title><main>{head}<p>{text}</p></main>");
            let url = Url::parse("https://n.example/2026/11/20/the-court").unwrap();
            extract_page(page.as_bytes(), &url).err()
        };
        for said in [
            "Старонка не знойдзена",
            "Памылка 404",
            "Ой! Такой старонкі няма",
            "Такой страницы не существует",
            "Материал удалён",
            "Сторінку не знайдено",
            "На жаль, сторінку, яку ви шукаєте, не знайдено.",
            "This article is no longer available",
            "Oops! That page can’t be found.",
            "خطای ۴۰۴",
            "صفحه مورد نظر یافت نشد",
            "خطأ ٤٠٤",
            "عذرا، الصفحة غير موجودة",
            "Aradığınız sayfa bulunamadı",
            "您访问的页面找不到了",
        ] {
            for head in [format!("<h1>{said}</h1>"), format!("<p><b>{said}</b></p>")] {
                assert_eq!(named(&head), Some(NoArticle::NotFound), "{head}");
            }
        }
        for said in [
            "Журналист не найден",
            "Его страница удалена",
            "Дзённік не знойдзены",
            "404 дня под арестом",
            "The ship is no longer available",
        ] {
            assert_eq!(named(&format!("<h1>{said}</h1>")), None, "{said}");
        }
        let long = format!("<h1>Страница не найдена</h1><p>{}</p>", text.repeat(4));
        assert_eq!(named(&long), None, "an article says more");
    }

    #[test]
    fn who_asks_about_cookies_in_another_language_is_a_wall() {
        for text in [
            "На нашым сайце выкарыстоўваюцца файлы cookie, каб ён працаваў лепш. Працягваючы карыстацца сайтам, вы згаджаецеся з гэтым і з нашымі правіламі, якія можна прачытаць на асобнай старонцы ў любы час.",
            "На этом сайте используются файлы cookie. Оставаясь на сайте, вы принимаете правила их использования, которые можно прочитать на отдельной странице и от которых можно отказаться в настройках браузера в любое время.",
            "На нашому сайті використовуються файли cookie. Продовжуючи користуватися сайтом, ви погоджуєтеся з нашими правилами, які можна прочитати на окремій сторінці та від яких можна відмовитися в налаштуваннях у будь-який час.",
            "این سایت از کوکی‌ها استفاده می‌کند تا تجربه بهتری برای شما فراهم کند. با ادامه استفاده از سایت با سیاست ما موافقت می‌کنید و می‌توانید هر زمان که بخواهید تنظیمات مرورگر خود را در صفحه جداگانه تغییر دهید.",
            "本网站使用Cookie来改善您的浏览体验并分析流量。继续浏览本网站即表示您同意我们的隐私政策，您可以随时在设置中更改您的选择，也可以在单独的页面上阅读详细说明。",
            "Sitemizde size daha iyi hizmet verebilmek için çerezler bulunmaktadır. Sitede kalmaya devam ederek buna izin veriyorsunuz; ayarları istediğiniz zaman tarayıcınızdan değiştirebilir ve ayrı bir sayfada kuralları okuyabilirsiniz.",
            "يستخدم هذا الموقع ملفات تعريف الارتباط لتحسين تجربتك. بمتابعة التصفح فإنك توافق على سياستنا، ويمكنك تغيير الإعدادات في أي وقت من خلال متصفحك أو قراءة التفاصيل كلها في صفحة منفصلة على موقعنا الإلكتروني.",
            "Diese Website verwendet Cookies, damit sie besser funktioniert. Wenn Sie weiterlesen, stimmen Sie zu, dass wir sie setzen; die Einstellungen können Sie jederzeit am Ende jeder Seite wieder ändern und dort auch alle Einzelheiten nachlesen.",
            "Ce site utilise des cookies pour mesurer son audience. En poursuivant votre navigation, vous acceptez leur dépôt ; vous pouvez changer d’avis à tout moment en bas de chaque page, où se trouvent aussi toutes les explications.",
            "Este sitio web utiliza cookies propias y de terceros. Si continúa navegando, consideramos que está de acuerdo; puede cambiar la configuración en cualquier momento al final de cada página, donde también se explica todo lo demás.",
            "Ta strona używa plików cookie, aby działać lepiej. Pozostając na niej, wyrażasz zgodę na ich zapisywanie; ustawienia możesz zmienić w każdej chwili na dole każdej strony, gdzie znajdziesz też wszystkie wyjaśnienia tego dotyczące.",
            "Este site usa cookies para melhorar a sua experiência. Ao continuar navegando, você concorda com a nossa política; é possível mudar as preferências a qualquer momento no fim de cada página, onde também está explicado todo o resto.",
            "Questo sito utilizza cookie tecnici e di terze parti. Proseguendo la navigazione ne accetti il salvataggio; puoi cambiare le impostazioni in ogni momento in fondo a ogni pagina, dove trovi anche tutte le spiegazioni che servono.",
        ] {
            assert!(words::weight(text) >= NEXT_TO_NOTHING, "{text}");
            assert_eq!(refusal("N", "N", text), Some(NoArticle::Wall), "{text}");
        }
    }

    #[test]
    fn who_asks_for_a_login_in_another_language_is_a_wall() {
        let text = "Бясплатна, адна хвіліна. Kostenlos, eine Minute. Gratuit, une minute. Ücretsiz, bir dakika. 免费，一分钟。 It is free and takes a minute.";
        for head in [
            "Аўтарызуйцеся, калі ласка",
            "Авторизуйтесь, чтобы читать",
            "Потрібна авторизація",
            "لطفا وارد شوید",
            "请先登录",
            "Lütfen giriş yapın",
            "يرجى تسجيل الدخول",
            "Bitte melden Sie sich an",
            "Veuillez vous connecter",
            "Debes iniciar sesión",
            "Musisz się zalogować",
            "Faça login para continuar",
            "Devi effettuare l’accesso",
        ] {
            assert_eq!(refusal(head, head, text), Some(NoArticle::Wall), "{head}");
        }
    }

    #[test]
    fn news_about_cookies_and_logins_in_any_language_is_read() {
        for (title, text) in [
            (
                "Кукі пад забаронай",
                "Суд абавязаў уладальнікаў сайтаў пытаць у чытачоў, ці можна захоўваць на іх камп'ютарах файлы cookie. Юрысты кажуць, што штраф пагражае кожнаму, хто гэтага не зробіць да канца гэтага года.",
            ),
            (
                "Штраф за куки",
                "Роскомнадзор оштрафовал три издания за то, что они хранили файлы cookie без согласия посетителей. Издания намерены обжаловать решение: по их словам, закон этого прямо от них не требует вовсе.",
            ),
            (
                "Кукі та закон",
                "Парламент ухвалив закон, який зобов'язує сайти питати дозволу на файли cookie. За порушення передбачено штраф, а перевіряти сайти буде нова комісія, яку уряд має створити до кінця цього року.",
            ),
            (
                "قانون تازه کوکی",
                "مجلس قانونی را تصویب کرد که سایت‌ها را موظف می‌کند برای ذخیره کوکی‌ها از کاربران اجازه بگیرند. کارشناسان می‌گویند اجرای آن دشوار است و جریمه‌ها برای همه رسانه‌های کوچک کشور بسیار سنگین خواهد بود.",
            ),
            (
                "欧盟新规",
                "欧盟法院周一裁定，网站在保存Cookie之前必须得到用户的明确许可。专家表示，该裁决将影响数千家企业，许多小型媒体担心无法承担由此产生的费用和罚款。",
            ),
            (
                "Çerez yasası",
                "Meclis, internet sitelerinin çerezler için kullanıcılardan izin istemesini zorunlu kılan yasayı kabul etti. Uzmanlar, küçük gazetelerin bu kurallara uymakta zorlanacağını ve cezaların ağır olduğunu söylüyor.",
            ),
            (
                "قانون جديد",
                "أقر البرلمان قانونا يلزم المواقع بطلب إذن المستخدمين قبل حفظ ملفات تعريف الارتباط على أجهزتهم. ويقول خبراء إن تطبيقه صعب وإن الغرامات ستكون ثقيلة جدا على كل الصحف الصغيرة في جميع أنحاء البلاد.",
            ),
            (
                "Urteil zu Cookies",
                "Der Gerichtshof entschied am Montag, dass Betreiber von Seiten vor dem Speichern von Cookies fragen müssen. Verbraucherschützer begrüßten das Urteil, kleinere Verlage fürchten hohe Kosten und weniger Einnahmen.",
            ),
            (
                "Les cookies au tribunal",
                "La CNIL a infligé lundi une amende à deux entreprises qui déposaient des cookies sans demander l’avis des internautes. Les deux entreprises ont annoncé qu’elles feraient appel de cette décision devant le Conseil d’État.",
            ),
            (
                "Multa por las cookies",
                "La agencia de protección de datos multó el lunes a dos empresas que guardaban cookies sin permiso de los lectores. Las dos empresas anunciaron que recurrirán la decisión ante los tribunales en las próximas semanas.",
            ),
            (
                "Kara za ciasteczka",
                "Urząd ukarał w poniedziałek dwie firmy, które zapisywały pliki cookie bez pytania czytelników o zgodę. Obie firmy zapowiedziały, że odwołają się od tej decyzji do sądu w ciągu najbliższych tygodni.",
            ),
            (
                "Multa por cookies",
                "A autoridade de proteção de dados multou na segunda-feira duas empresas que guardavam cookies sem perguntar aos leitores. As duas empresas anunciaram que vão recorrer da decisão nas próximas semanas.",
            ),
            (
                "Multa per i cookie",
                "Il Garante ha multato lunedì due aziende che salvavano cookie senza chiedere nulla ai lettori. Le due aziende hanno annunciato che faranno ricorso contro la decisione nelle prossime settimane, davanti al tribunale di Roma.",
            ),
            (
                "Авторизуйтесь по паспорту: что придумал Минцифры",
                "Министерство хочет, чтобы на всех сайтах входили по паспорту. Эксперты считают, что это опасно: базу украдут, и людей станут преследовать за то, что они читали у себя дома по вечерам и ночам.",
            ),
            (
                "Log in to continue, said the school to the parents",
                "Parents must log in before they learn about the marks of their children. The school says that it had no choice, since the ministry asks for it; the parents went to court on Monday evening, they say.",
            ),
        ] {
            assert!(words::weight(text) >= NEXT_TO_NOTHING, "{text}");
            assert_eq!(refusal(title, title, text), None, "{title}");
        }
    }

    #[test]
    fn who_asks_about_cookies_is_a_wall() {
        for text in [
            "This site uses cookies to show you what you like. By going on you agree to that, and you can change your mind at any time in the settings that you find at the end of each page.",
            "Мы используем файлы cookie, чтобы сайт работал лучше. Продолжая пользоваться сайтом, вы соглашаетесь с этим и с нашими правилами, которые можно прочитать на отдельной странице в любое время.",
            "Sitemizde çerezler kullanıyoruz. Devam ederek bunu kabul ediyorsunuz; ayarları istediğiniz zaman sayfanın sonundaki bağlantıdan değiştirebilir ve kararınızı geri alabilirsiniz, bunun için bir açıklama gerekmez.",
        ] {
            assert_eq!(refusal("N", "N", text), Some(NoArticle::Wall), "{text}");
        }
    }
}
