//! Pages as the systems lay them out that newsrooms make their long reads with: each part of a text in a box of its own.

use url::Url;

use super::{extract_finished, extract_page};

/// How many parts a text has.
const PARTS: usize = 7;

/// One part; no two say the same.
fn prose(number: usize) -> String {
    let told = [
        "The river rose again in the night, and the ferries stayed at their piers until the wind had turned.",
        "Nobody in the village had been asked, the teacher said, and nobody would have known what to answer.",
        "By noon the square was full of people who carried flowers, and of others who only watched them.",
        "The ministry promised to find an answer by the end of the month, as it had promised in the spring.",
    ];
    let told = told.map(|sentence| format!("{sentence} It was like that in part {number}."));
    format!("{} {}", told.concat(), told[number % told.len()])
}

struct Builder<'a> {
    name: &'a str,
    /// What is around all parts, which stand for `$`.
    page: &'a str,
    /// One part, with `#` for its heading and `$` for its text.
    part: &'a str,
}

const BUILDERS: &[Builder<'static>] = &[
    Builder {
        name: "Tilda",
        page: "<div id=allrecords class=t-records data-tilda-page-id=7>$</div>",
        part: "<div id=rec1 class='r t-rec t-rec_pt_30'><div class=t030><div class='t-container t-align_center'><div class='t-col t-col_10'><div class='t030__title t-title' field=title>#</div></div></div></div></div>\
               <div id=rec2 class='r t-rec t-rec_pt_0'><div class=t004><div class=t-container><div class='t-col t-col_8 t-prefix_2'><div field=text class='t-text t-text_md'>$</div></div></div></div></div>",
    },
    Builder {
        name: "Elementor",
        page: "<div data-elementor-type=wp-post class='elementor elementor-7'>$</div>",
        part: "<section class='elementor-section elementor-top-section'><div class=elementor-container><div class='elementor-column elementor-col-100'><div class='elementor-widget-wrap elementor-element-populated'>\
               <div class='elementor-element elementor-widget elementor-widget-heading'><div class=elementor-widget-container><h2>#</h2></div></div>\
               <div class='elementor-element elementor-widget elementor-widget-text-editor'><div class=elementor-widget-container><p>$</p></div></div></div></div></div></section>",
    },
    Builder {
        name: "Divi",
        page: "<div id=et-boc class=et-boc><div class='et_builder_inner_content et_pb_gutters3'>$</div></div>",
        part: "<div class='et_pb_section et_section_regular'><div class=et_pb_row><div class='et_pb_column et_pb_column_4_4'><div class='et_pb_module et_pb_text'><div class=et_pb_text_inner><h2>#</h2><p>$</p></div></div></div></div></div>",
    },
    Builder {
        name: "WPBakery",
        page: "<div class=entry-content>$</div>",
        part: "<div class='vc_row wpb_row vc_row-fluid'><div class='wpb_column vc_column_container vc_col-sm-12'><div class=vc_column-inner><div class=wpb_wrapper><div class='wpb_text_column wpb_content_element'><div class=wpb_wrapper><h2>#</h2><p>$</p></div></div></div></div></div></div>",
    },
    Builder {
        name: "Shorthand",
        page: "<main class=Theme-Story>$</main>",
        part: "<section class='Theme-Section Theme-TextSize-small'><div class='Theme-Layer-BodyText Layout'><div class='Layout__col-sm-8'><div class=Theme-Layer-BodyText--inner><h2>#</h2><p>$</p></div></div></div></section>",
    },
    Builder {
        name: "Webflow",
        page: "<div class=page-wrapper>$</div>",
        part: "<section class=section><div class='w-layout-blockcontainer w-container'><h2 class=heading-2>#</h2><div class='rich-text w-richtext'><p>$</p></div></div></section>",
    },
    Builder {
        name: "Squarespace",
        page: "<div class='sqs-layout sqs-grid-12'>$</div>",
        part: "<div class='row sqs-row'><div class='col sqs-col-12 span-12'><div class='sqs-block html-block'><div class=sqs-block-content><div class=sqs-html-content><h2>#</h2><p>$</p></div></div></div></div></div>",
    },
    Builder {
        name: "Readymag",
        page: "<div class=page-content>$</div>",
        part: "<div class='widget text' style='position:absolute;left:120px;top:300px'><div class=text-viewer><h2>#</h2><div class=rmwidget><p>$</p></div></div></div>",
    },
    Builder {
        name: "Builder.io",
        page: "<div class='builder-blocks css-h47494'>$</div>",
        part: "<div class='builder-block css-1v8'><div class='prose w-full overflow-hidden'><div class=builder-block><div class=builder-text><h2>#</h2><p>$</p></div></div></div></div>",
    },
    Builder {
        name: "Gutenberg",
        page: "<div class='entry-content is-layout-constrained'>$</div>",
        part: "<div class='wp-block-group has-background'><div class='wp-block-group__inner-container is-layout-flow'><h2 class=wp-block-heading>#</h2><p>$</p></div></div>",
    },
    Builder {
        name: "Drupal",
        page: "<div class='field field--name-field-parts field--label-hidden field__items'>$</div>",
        part: "<div class=field__item><div class='paragraph paragraph--type--text'><div class='field field--name-field-text field--label-hidden field__item'><h2>#</h2><p>$</p></div></div></div>",
    },
    Builder {
        name: "Next.js",
        page: "<main id=main_container>$</main>",
        part: "<div class='row layout layout-col--1'><div class='col-xs-12 row-xs--center'><div class='Column_wrapper__I9'><div class='TextBlock_text__hC'><h2>#</h2><p>$</p></div></div></div></div>",
    },
    Builder {
        name: "chapters with addresses",
        page: "<div class=row><div class=col>$</div></div>",
        part: "<div><div class=row><div class=col><div id=1-heading-why-this-is-so-popular-and-what-comments-say><h2>#</h2><p>$</p></div></div></div></div>",
    },
];

const ARTICLE: &str = "<meta property=og:type content=article>";
const DATED: &str = "<meta property='article:published_time' content=2026-11-20>";

fn laid_out(builder: &Builder, head: &str, behind: &str) -> String {
    let part = |number: usize| {
        let part = builder.part.replace('#', &format!("Chapter {number}"));
        part.replace('$', &prose(number))
    };
    let parts: String = (1..=PARTS).map(part).collect();
    let parts = builder.page.replace('$', &parts);
    let page = format!(
        "{head}<title>The river</title><header><a href=/>News</a><nav><a href=/1>World</a><a href=/2>Country</a></nav></header>\
         <div class=page><h1>The river</h1>{parts}{behind}</div><footer><p>All rights are ours. <a href=/about>About us</a></p></footer>"
    );
    let url = Url::parse("https://n.example/a/river").unwrap();
    extract_page(page.as_bytes(), &url).map_or(String::new(), |article| article.text)
}

#[test]
fn all_parts_of_a_long_text_are_kept_whoever_laid_it_out() {
    for builder in BUILDERS {
        for head in ["", ARTICLE, DATED] {
            let text = laid_out(builder, head, "");
            let lost: Vec<usize> = (1..=PARTS)
                .filter(|number| !text.contains(&prose(*number)))
                .collect();
            assert!(
                lost.is_empty(),
                "{}, {head}: without {lost:?}",
                builder.name
            );
            assert!(!text.contains("All rights"), "{}", builder.name);
        }
    }
}

#[test]
fn what_stands_around_a_text_of_many_parts_is_none_of_it() {
    let said = "Strange words that nobody in this article would say at all, but somebody did write them down for you here.";
    let linked = "<a href=/3>Seven go on trial for shouting</a>";
    for (frame, item, count) in [
        (
            "<div class=related-posts><h3>Read also</h3>$</div>",
            "<div><h4>%</h4><p>$</p></div>",
            3,
        ),
        (
            "<section><h3>More stories</h3><div>$</div></section>",
            "<div><img src=/1.jpg><h4>%</h4><p>$</p></div>",
            4,
        ),
        (
            "<section class=cards>$</section>",
            "<article><a href=/4><h3>Seven go on trial</h3><p>$</p></a></article>",
            3,
        ),
        (
            "<div id=comments>$</div>",
            "<div><b>Olga</b><p>$</p></div>",
            5,
        ),
        (
            "<div class=newsletter><h3>Our letter</h3>$</div>",
            "<p>$</p>",
            1,
        ),
        (
            "<div><h3>Our letter</h3>$<form action=/x><input type=email><button>Send</button></form></div>",
            "<p>$</p>",
            1,
        ),
        ("<div class=author-bio>$</div>", "<p>$</p>", 1),
        ("<div class=cookie-notice>$</div>", "<p>$</p>", 1),
    ] {
        let item = item.replace('%', linked).replace('$', said);
        let behind = frame.replace('$', &item.repeat(count));
        for builder in BUILDERS {
            for head in [ARTICLE, DATED] {
                let text = laid_out(builder, head, &behind);
                assert!(
                    !text.contains("Strange words"),
                    "{}: {behind}",
                    builder.name
                );
                assert!(text.contains(&prose(PARTS)), "{}: {behind}", builder.name);
            }
        }
    }
}

#[test]
fn a_digest_that_is_all_teasers_is_a_text() {
    let item = |number: usize| {
        format!(
            "<div><h3><a href=/{number}>Seven go on trial, part {number}</a></h3><p>{}</p></div>",
            prose(number)
        )
    };
    let items: String = (1..=PARTS).map(item).collect();
    let builder = Builder {
        name: "digest",
        page: "<article>$</article>",
        part: "",
    };
    let text = laid_out(&builder, ARTICLE, &format!("<div>{items}</div>"));
    assert!(
        text.contains(&prose(1)) && text.contains(&prose(PARTS)),
        "{text}"
    );
}

/// The text of a page that has this once in each part.
fn amid(html: &str) -> String {
    let plain = BUILDERS.last().unwrap();
    let amid = format!("<p>$</p>{html}<p>So it is.</p>");
    let page = Builder {
        part: &plain.part.replace("<p>$</p>", &amid),
        ..*plain
    };
    laid_out(&page, DATED, "")
}

#[test]
fn what_a_reader_unfolds_is_text() {
    let answer = "<p>In # the court has sentenced nine people since the spring, of whom two are sixteen years old.</p>";
    for (frame, stays) in [
        (
            "<div class=faq><h3>Who?</h3><div style='display:none'>$</div></div>",
            true,
        ),
        (
            "<div class=accordion-item><h3>Who?</h3><div class='accordion-content hidden'>$</div></div>",
            true,
        ),
        (
            "<div class=spoiler><b>Who?</b><div class=spoiler__text hidden>$</div></div>",
            true,
        ),
        (
            "<section><h3><button aria-expanded=false>Who?</button></h3><div hidden>$</div></section>",
            true,
        ),
        ("<div><div class=overflow-hidden>$</div></div>", true),
        ("<div><h3>Who?</h3><div hidden>$</div></div>", false),
        (
            "<div class=faq><div class=newsletter hidden>$</div></div>",
            false,
        ),
    ] {
        let text = amid(&frame.replace('$', answer));
        assert_eq!(text.contains("In Chapter 3 the court"), stays, "{frame}");
    }
}

#[test]
fn a_question_stays_above_the_answer_that_it_unfolds() {
    let question = "Who can get help in #?";
    let answer = "Everybody who lived in #.";
    for frame in [
        "<h3><button aria-expanded=false aria-controls=a><span>?</span><span aria-hidden=true>+</span></button></h3><div inert id=a role=region><p>$</p></div>",
        "<div class=accordion-item><h2><button class='accordion-button collapsed' data-bs-toggle=collapse>?</button></h2><div class='accordion-collapse collapse'><div>$</div></div></div>",
        "<div class=faq><div role=button aria-controls=a aria-expanded=false>?</div><div id=a style='display:none'><p>$</p></div></div>",
        "<div class=toggle><div role=button aria-controls=a aria-expanded=false><a class=toggle-title>?</a></div><div id=a role=region><p>$</p></div></div>",
        "<button aria-expanded=false aria-controls=a>?</button><div id=a hidden><p>$</p></div>",
        "<h3>?</h3><div hidden=until-found><p>$</p></div>",
    ] {
        let html = frame.replace('?', question).replace('$', answer);
        let text = amid(&html);
        let [asked, told] = [question, answer].map(|line| line.replace('#', "Chapter 3"));
        assert!(
            text.contains(&asked) && text.contains(&told),
            "{frame}: {text}"
        );
        let url = Url::parse("https://n.example/a/river").unwrap();
        let finished = extract_finished(&html, None, &url).unwrap().text;
        assert_eq!(finished, format!("{question}\n{answer}\n"), "{frame}");
    }
    for frame in [
        "<button aria-expanded=false>?</button><div hidden><a href=/2>$</a></div>",
        "<button aria-expanded=false>?</button><nav hidden><p>$</p></nav>",
        "<button aria-expanded=false>?</button><div class=share-dropdown hidden><p>$</p></div>",
        "<button>?</button><div><p>It is late.</p></div>",
        "<button aria-expanded=false>Key</button><div hidden><p>$</p></div>",
    ] {
        let text = amid(&frame.replace('?', question).replace('$', answer));
        assert!(
            !text.contains("Who can") && !text.contains("Key"),
            "{frame}: {text}"
        );
    }
}

#[test]
fn a_box_that_asks_for_an_address_is_no_text() {
    let text = |form: &str| {
        amid(&format!(
            "<div><p>In # you will love our letters, as so many who read them each morning do.</p>{form}</div>"
        ))
    };
    let asks = "<form action=/x><input type=email name=mail><button>Send</button></form>";
    assert!(text("").contains("In Chapter 3 you"));
    assert!(!text(asks).contains("In Chapter 3 you"));
    assert!(text(asks).contains(&prose(3)));
}
