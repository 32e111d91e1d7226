# Words of the site that readers see. Names in { } are filled in by colport; keep them as they are.

skip = Skip to the text
home = All newsrooms
latest = Latest
archive = Archive
search = Search
sections = Sections
pages = Pages
newer = Newer articles
older = Older articles
picture = Picture
all-of-month = All of { month-title }
feed = RSS feed
about = About this copy
updated = Updated { date }
original = First published at
nothing-yet = Nothing has been published here yet.

search-label = Search the articles of { $site }
search-go = Search
search-busy = Searching…
search-found = Found:
search-none = Nothing was found. Try fewer words, or only the beginning of one.
search-reach = Searched back to
search-older = Search older articles
search-lost = A part of the index could not be loaded.
search-bare = The search works in your browser and needs JavaScript. Without it, look through the archive by month:

date = { $day } { month-name } { $year }
month-title = { month-name } { $year }
month-name = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
articles = { $count ->
    [one] { $shown } article
   *[other] { $shown } articles
}

footer = This is a copy that { $site } has signed. It may reach you from many addresses; the articles are the same.

not-found-title = This page is not here
not-found-text = The address may be mistyped, or the article may have been withdrawn.
not-found-home = To the front page
not-found-up = One level up

withdrawn-title = This article was withdrawn
withdrawn-text = The newsroom has taken it back, so it is no longer here.

about-what-title = What this is
about-what = You are reading a copy of { $site }. Where its own address is blocked, copies like this one carry the same articles and pictures. Whoever keeps a copy cannot sign articles, and whatever he changes in one is found when the copy is checked.
about-signed-title = Who signs
about-signed = { $site } signs the list of all pages and pictures. You know its keys by this fingerprint:
about-words = The same fingerprint as words, to be read over the phone:
about-unsigned = This is a preview. Nobody has signed it.
about-age-title = How old this copy is
about-newest = The newest article here is from { date }.
about-age = If there should be newer ones by now, somebody is holding them back or this copy has not been renewed: look for another one. The program colport tells the exact age.
about-check-title = How to check a copy
about-check = A browser alone cannot tell a genuine copy from a forged one. The program colport can: it checks every page and picture, and says who signed and how old the edition is. Get the fingerprint from somebody you trust, by phone or on paper. Then run this, with the address of the copy and that fingerprint:
about-carry-title = How to hand it on
about-carry = The whole site is one file whose name ends in .tar.gz. It fits on a memory card or a phone and needs no internet: any unpacking program opens it, then open index.html. To check it as well, use:
about-small = Where data is dear, the same site comes as a smaller file, from any copy on the web:
about-small-text = Without pictures, about { $size }
about-small-light = With small pictures, about { $size }
kilobytes = { $size } KB
megabytes = { $size } MB
about-elsewhere-title = Where else to find it
about-elsewhere = If this copy disappears, look here:
about-limits-title = What it cannot protect you from
about-limits-network = Whoever runs your network can see which address you visit and when. With https they do not see which article, though they may guess it from its size; without https they see everything. Whoever runs the server that this copy comes from sees your internet address and what you read.
about-limits-links = Links with an arrow lead out of this copy, to places that may be watched or blocked.
about-limits-device = These pages keep no record of you and set no cookies, but your device does: clear the browser's history if others may look at it. A device that somebody else controls shows them all you read.
about-limits-truth = A signature proves who published an article and that it was not changed. It does not prove that it is right.
about-contact-title = How to reach the publisher

announce-read = Read { $site } here:
announce-verify = Check with colport that it is genuine:
