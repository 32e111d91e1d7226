//! What stands before a newsroom's site and answers in its place: a shield that checks browsers, a censor's notice, a
//! question of consent, a login, a host that does not pay its bills.
//!
//! It is asked only of short texts whose page does not say that it is an article. So an article *about* such things is
//! taken for one, unless it is as short as they are and says nothing of itself.

use super::words;

/// No wall says more.
const LONGEST: usize = 1500;

/// Whether a page with this title and text is a wall.
pub fn is_wall(title: Option<&str>, text: &str) -> bool {
    if words::weight(text) >= LONGEST {
        return false;
    }
    let head = title.into_iter().chain(text.lines().next());
    let folded = words::folded(text);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| folded.contains(phrase));
    says(MACHINES)
        || (says(PARTNERS) && says(DATA))
        || head.map(words::folded).any(|head| is_door(&head))
}

/// Half of the headline at least: an article says more about what happened.
fn is_door(head: &str) -> bool {
    let is_it =
        |door: &&str| head.contains(*door) && words::weight(head) <= 2 * words::weight(door);
    DOORS.iter().any(is_it)
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

#[cfg(test)]
mod tests {
    use super::super::{NoArticle, extract_page};
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
}
