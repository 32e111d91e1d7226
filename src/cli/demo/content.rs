//! The newsroom that the project brings along: invented people in invented places, written and drawn for the demo.
//! Each page is as a newsroom's own system would publish it, with menus, counters and notices around the article.

/// One language of the newsroom, as a folder of pages to pack.
pub struct Room {
    pub id: &'static str,
    pub name: &'static str,
    pub tagline: &'static str,
    /// A BCP 47 tag.
    pub language: &'static str,
    /// By path in the folder. Photos lie in `photos/` and are drawn by `scripts/demo-photos`.
    pub files: &'static [(&'static str, &'static [u8])],
}

/// Where the pages say that they were first published; no such host exists (RFC 2606).
pub const ADDRESS: &str = "https://riverpost.example/";

pub const ROOMS: &[Room] = &[
    Room {
        id: "be",
        name: "Рачная пошта",
        tagline: "Навіны горада Старалуг і ваколіц ракі Мжаны",
        language: "be",
        files: &[
            (
                "nachnaja-biblijateka.html",
                include_bytes!("newsroom/be/nachnaja-biblijateka.html"),
            ),
            (
                "parom-viarnuusia.html",
                include_bytes!("newsroom/be/parom-viarnuusia.html"),
            ),
            (
                "stary-sad.html",
                include_bytes!("newsroom/be/stary-sad.html"),
            ),
            (
                "photos/biblijateka.jpg",
                include_bytes!("newsroom/be/photos/biblijateka.jpg"),
            ),
            (
                "photos/parom.jpg",
                include_bytes!("newsroom/be/photos/parom.jpg"),
            ),
            (
                "photos/prystan.jpg",
                include_bytes!("newsroom/be/photos/prystan.jpg"),
            ),
            (
                "photos/sad.jpg",
                include_bytes!("newsroom/be/photos/sad.jpg"),
            ),
        ],
    },
    Room {
        id: "en",
        name: "The River Post",
        tagline: "Harrowmere and the valley of the Ell, reported by people who live here",
        language: "en",
        files: &[
            (
                "night-trams.html",
                include_bytes!("newsroom/en/night-trams.html"),
            ),
            (
                "the-bridge-we-mended.html",
                include_bytes!("newsroom/en/the-bridge-we-mended.html"),
            ),
            (
                "the-station-in-the-bakery.html",
                include_bytes!("newsroom/en/the-station-in-the-bakery.html"),
            ),
            (
                "photos/bridge.jpg",
                include_bytes!("newsroom/en/photos/bridge.jpg"),
            ),
            (
                "photos/field.jpg",
                include_bytes!("newsroom/en/photos/field.jpg"),
            ),
            (
                "photos/radio.jpg",
                include_bytes!("newsroom/en/photos/radio.jpg"),
            ),
            (
                "photos/tram.jpg",
                include_bytes!("newsroom/en/photos/tram.jpg"),
            ),
        ],
    },
    Room {
        id: "fa",
        name: "پیک رود",
        tagline: "خبرهای شهر سروستانک و دره‌های پیرامون نیلابه",
        language: "fa",
        files: &[
            (
                "ab-e-kariz.html",
                include_bytes!("newsroom/fa/ab-e-kariz.html"),
            ),
            (
                "kelas-e-shabane.html",
                include_bytes!("newsroom/fa/kelas-e-shabane.html"),
            ),
            (
                "saqf-e-bazar.html",
                include_bytes!("newsroom/fa/saqf-e-bazar.html"),
            ),
            (
                "photos/bazar.jpg",
                include_bytes!("newsroom/fa/photos/bazar.jpg"),
            ),
            (
                "photos/kelas.jpg",
                include_bytes!("newsroom/fa/photos/kelas.jpg"),
            ),
            (
                "photos/kuh.jpg",
                include_bytes!("newsroom/fa/photos/kuh.jpg"),
            ),
        ],
    },
    Room {
        id: "zh",
        name: "河畔邮报",
        tagline: "云渡镇与渡溪两岸的人和事",
        language: "zh-Hans",
        files: &[
            ("cha-shan.html", include_bytes!("newsroom/zh/cha-shan.html")),
            (
                "lao-jie-de-xue.html",
                include_bytes!("newsroom/zh/lao-jie-de-xue.html"),
            ),
            (
                "shan-xia-xiao-zhan.html",
                include_bytes!("newsroom/zh/shan-xia-xiao-zhan.html"),
            ),
            (
                "photos/chashan.jpg",
                include_bytes!("newsroom/zh/photos/chashan.jpg"),
            ),
            (
                "photos/laojie.jpg",
                include_bytes!("newsroom/zh/photos/laojie.jpg"),
            ),
            (
                "photos/xiaozhan.jpg",
                include_bytes!("newsroom/zh/photos/xiaozhan.jpg"),
            ),
        ],
    },
];
