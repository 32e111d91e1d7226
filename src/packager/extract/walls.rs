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

use super::words;

/// No wall says more.
const LONGEST: usize = 1500;

/// No article that tells anything says less.
const BRIEF: usize = 300;

/// No question about cookies says more, and next to nothing is less than the other.
const ABOUT_COOKIES: usize = 800;
const NEXT_TO_NOTHING: usize = 160;

/// Whether a page with this title and text is a wall.
pub fn is_wall(title: Option<&str>, text: &str) -> bool {
    let weight = words::weight(text);
    if weight >= LONGEST {
        return false;
    }
    let said = unquoted(text);
    let folded = words::folded(&said);
    let head = title.into_iter().chain(text.lines().next());
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

/// Whether one of them stands in it as whole words; where words are not parted, anywhere.
fn holds_any(folded: &str, phrases: &[&str]) -> bool {
    let is_parted = |c: Option<char>| c.is_none_or(|c| c == ' ');
    phrases.iter().any(|phrase| {
        let is_joined = phrase.chars().any(words::is_ideograph);
        folded.match_indices(phrase).any(|(at, _)| {
            let (before, from) = folded.split_at(at);
            let behind = from.strip_prefix(phrase).unwrap_or_default();
            is_joined || is_parted(before.chars().next_back()) && is_parted(behind.chars().next())
        })
    })
}

/// Whether the title is one of a page that is missing, in the languages of the first newsrooms: not one of an article about
/// people who are.
pub fn says_not_found(title: &str) -> bool {
    if words::weight(title) >= 80 {
        return false;
    }
    // The site's name stands behind.
    let parts = [" | ", " - ", " – ", " — ", " · "];
    let ends = parts.iter().filter_map(|part| title.find(part)).min();
    let named = words::folded(title.get(..ends.unwrap_or(title.len())).unwrap_or(title));
    let folded = words::folded(title);
    let is_phrase = |said: &str| NOT_FOUND.iter().any(|phrase| said.contains(phrase));
    let is_number = holds_any(&folded, &["404"]);
    (is_phrase(&folded) && (is_number || names_page(&folded)))
        || NOT_FOUND.contains(&&*named)
        || named == "404"
        || (is_number && folded.split(' ').any(|word| ERRORS.contains(&word)))
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

/// All that follow are folded, see [`words::folded`]. What shields and censors say of themselves, anywhere in the text.
const MACHINES: &[&str] = &[
    "checking your browser",
    "verify your browser",
    "verifying you are human",
    "verify you are human",
    "verify that you are human",
    "verify you are not a robot",
    "you are a real visitor and not a bot",
    "review the security of your connection",
    "enable javascript and cookies to continue",
    "ddos guard",
    "ddos protection by",
    "cloudflare ray id",
    "you have been blocked",
    "protected by deflect",
    "incapsula incident id",
    "unusual traffic from your",
    "you don t have permission to access",
    "проверяем ваш браузер",
    "проверка вашего браузера",
    "проверка безопасности вашего подключения",
    "проверить безопасность вашего подключения",
    "мы проверяем что вы не робот",
    "подтвердите что вы не робот",
    "доступ к информационному ресурсу ограничен",
    "доступ к запрашиваемому ресурсу ограничен",
    "доступ к ресурсу заблокирован",
    "правяраем ваш браўзер",
    "праверка вашага браўзера",
    "доступ да рэсурсу абмежаваны",
    "доступ да інфармацыйнага рэсурсу абмежаваны",
    "перевіряємо ваш браузер",
    "перевірка вашого браузера",
    "підтвердьте що ви не робот",
    "vérification de votre navigateur",
    "vérifier que vous êtes humain",
    "vérifiez que vous êtes un humain",
    "ihr browser wird überprüft",
    "überprüfen sie dass sie ein mensch sind",
    "comprobando su navegador",
    "verificando que eres humano",
    "verifica di essere umano",
    "sprawdzamy twoją przeglądarkę",
    "potwierdź że jesteś człowiekiem",
    "tarayıcınız kontrol ediliyor",
    "insan olduğunuzu doğrulayın",
    "bu siteye erişim engellenmiştir",
    "در حال بررسی مرورگر شما",
    "جار التحقق من متصفحك",
    "تحقق من أنك إنسان",
    "正在检查您的浏览器",
    "验证您是真人",
    "確認您是真人",
];

/// What is the whole of a headline, or nearly.
const DOORS: &[&str] = &[
    "just a moment",
    "attention required",
    "access denied",
    "403 forbidden",
    "are you a robot",
    "one more step",
    "account suspended",
    "this account has been suspended",
    "this site has been suspended",
    "we ll be back soon",
    "be right back",
    "site maintenance",
    "under maintenance",
    "down for maintenance",
    "log in to continue",
    "sign in to continue",
    "please log in",
    "please sign in",
    "один момент",
    "доступ ограничен",
    "доступ запрещен",
    "доступ запрещён",
    "проверка браузера",
    "сайт временно недоступен",
    "технические работы",
    "аккаунт заблокирован",
    "войдите чтобы продолжить",
    "доступ абмежаваны",
    "доступ забаронены",
    "тэхнічныя работы",
    "увайдзіце каб працягнуць",
    "доступ обмежено",
    "доступ заборонено",
    "технічні роботи",
    "увійдіть щоб продовжити",
    "accès refusé",
    "site en maintenance",
    "connectez vous pour continuer",
    "zugriff verweigert",
    "wartungsarbeiten",
    "melden sie sich an um fortzufahren",
    "acceso denegado",
    "sitio en mantenimiento",
    "inicia sesión para continuar",
    "accesso negato",
    "sito in manutenzione",
    "accedi per continuare",
    "odmowa dostępu",
    "przerwa techniczna",
    "zaloguj się aby kontynuować",
    "erişim engellendi",
    "sitemiz bakımda",
    "devam etmek için giriş yapın",
    "دسترسی محدود شده است",
    "سایت در حال به روز رسانی است",
    "برای ادامه وارد شوید",
    "تم رفض الوصول",
    "الموقع قيد الصيانة",
    "سجل الدخول للمتابعة",
    "访问被拒绝",
    "网站维护中",
    "请登录后继续",
];

/// With whom a question of consent wants to share …
const PARTNERS: &[&str] = &[
    "our partners",
    "partners and we",
    "partners store",
    "vendors",
    "partenaires",
    "partner speichern",
    "unsere partner",
    "unseren partnern",
    "nuestros socios",
    "nostri partner",
    "terze parti selezionate",
    "nossos parceiros",
    "onze partners",
    "nasi partnerzy",
    "zaufani partnerzy",
    "партнеры",
    "партнёры",
    "партнерами",
    "партнёрами",
    "партнёрамі",
    "партнери",
    "ortaklarımız",
    "iş ortakları",
    "شرکای ما",
    "شركاؤنا",
    "شركائنا",
    "合作伙伴",
];

/// … and what.
const DATA: &[&str] = &[
    "personal data",
    "information on a device",
    "données personnelles",
    "personenbezogene daten",
    "informationen auf einem gerät",
    "datos personales",
    "dati personali",
    "dados pessoais",
    "persoonsgegevens",
    "dane osobowe",
    "danych osobowych",
    "персональные данные",
    "персональных данных",
    "файлы cookie",
    "персанальныя даныя",
    "персанальных даных",
    "персональні дані",
    "персональних даних",
    "kişisel veri",
    "داده های شخصی",
    "اطلاعات شخصی",
    "البيانات الشخصية",
    "بياناتك الشخصية",
    "个人数据",
    "个人信息",
];

/// Who asks for it.
const OURS: &[&str] = &[
    "we",
    "our",
    "nous",
    "nos",
    "wir",
    "unsere",
    "unseren",
    "nosotros",
    "nuestros",
    "noi",
    "nostri",
    "nós",
    "nossos",
    "wij",
    "onze",
    "my",
    "nasi",
    "naszymi",
    "мы",
    "наши",
    "нашими",
    "нашых",
    "нашымі",
    "нашы",
    "ми",
    "наші",
    "biz",
    "bizim",
    "ortaklarımız",
    "ما",
    "نحن",
    "شركاؤنا",
    "شركائنا",
    "我们",
];

/// Whole words.
const COOKIES: &[&str] = &[
    "cookie",
    "cookies",
    "куки",
    "кукі",
    "кукиҳо",
    "кукиҳоро",
    "کوکی",
    "کوکی ها",
    "کوکیها",
    "ملفات تعريف",
    "çerez",
    "çerezler",
    "çerezleri",
    "çerezlerden",
    "kuki",
    "kukilar",
    "kukilardan",
    "kukilər",
    "kukiləri",
    "kukilərdən",
    "թխուկներ",
    "թխուկները",
    "ქუქი",
];

/// What is said with them to who reads it.
const ASKED: &[&str] = &[
    "we use",
    "we and our",
    "this site uses",
    "this website uses",
    "our site uses",
    "you agree",
    "you accept",
    "your consent",
    "your choices",
    "your preferences",
    "your privacy",
    "accept all",
    "allow all",
    "nous utilisons",
    "votre accord",
    "votre consentement",
    "tout accepter",
    "wir verwenden",
    "wir nutzen",
    "wir und unsere",
    "alle akzeptieren",
    "sie stimmen",
    "utilizamos",
    "usamos",
    "aceptar",
    "aceitar",
    "utilizziamo",
    "usiamo",
    "accetta",
    "wij gebruiken",
    "we gebruiken",
    "używamy",
    "korzystamy",
    "zgadzasz się",
    "мы используем",
    "сайт использует",
    "вы соглашаетесь",
    "ваше согласие",
    "вы даете согласие",
    "вы даёте согласие",
    "принять все",
    "мы выкарыстоўваем",
    "сайт выкарыстоўвае",
    "вы згаджаецеся",
    "ми використовуємо",
    "сайт використовує",
    "ви погоджуєтесь",
    "истифода мебарем",
    "folosim",
    "ما از",
    "استفاده می کنیم",
    "می پذیرید",
    "نستخدم",
    "موافقتك",
    "kullanıyoruz",
    "kabul et",
    "kabul ediyorsunuz",
    "istifadə edirik",
    "foydalanamiz",
    "օգտագործում ենք",
    "ვიყენებთ",
];

const NOT_FOUND: &[&str] = &[
    "not found",
    "не найден",
    "не найдена",
    "не знойдзен",
    "не знойдзена",
    "не знайден",
    "не знайдено",
    "no encontrada",
    "introuvable",
    "nicht gefunden",
    "یافت نشد",
    "پیدا نشد",
    "غير موجود",
    "غير موجودة",
    "لم يتم العثور",
    "未找到",
    "不存在",
    "找不到",
    "bulunamadı",
    "tapılmadı",
    "табылмады",
    "бет табылмады",
    "табылган жок",
    "барак табылган жок",
    "topilmadi",
    "ёфт нашуд",
    "չի գտնվել",
    "ვერ მოიძებნა",
    "nu a fost găsit",
    "negăsită",
    "nie znaleziono",
];

/// What is not found: words begin so.
const PAGES: &[&str] = &[
    "page",
    "url",
    "страниц",
    "старонк",
    "сторінк",
    "página",
    "pagina",
    "seite",
    "صفحه",
    "صفحة",
    "الصفحة",
    "页",
    "頁",
    "sayfa",
    "səhifə",
    "sahifa",
    "саҳифа",
    "էջ",
    "გვერდ",
    "stron",
];

/// With the number 404.
const ERRORS: &[&str] = &[
    "error",
    "page",
    "ошибка",
    "памылка",
    "помилка",
    "erreur",
    "fehler",
    "hata",
    "xəta",
    "خطا",
    "خطأ",
    "błąd",
    "eroare",
    "xato",
    "қате",
    "ката",
    "хато",
    "страница",
    "старонка",
    "сторінка",
];

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
