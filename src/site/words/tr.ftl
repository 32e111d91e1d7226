# Okurların gördüğü sözler. { } içindeki adları colport doldurur; olduğu gibi bırakın.

skip = Metne geç
home = Tüm yayınlar
latest = Son yazılar
archive = Arşiv
search = Ara
sections = Bölümler
pages = Sayfalar
newer = Daha yeni yazılar
older = Daha eski yazılar
picture = Fotoğraf
all-of-month = { month-title }: tüm yazılar
feed = Haber akışı
about = Bu kopya hakkında
updated = Güncelleme: { date }
original = İlk yayımlandığı yer:
nothing-yet = Burada henüz bir şey yayımlanmadı.

search-label = { $site } yazılarında ara
search-go = Ara
search-busy = Aranıyor…
search-found = Bulunan:
search-none = Hiçbir şey bulunamadı. Daha az sözcük ya da yalnızca bir sözcüğün başını deneyin.
search-reach = Şu tarihe kadar arandı:
search-older = Daha eski yazılarda ara
search-lost = Dizinin bir parçası yüklenemedi.
search-bare = Arama tarayıcınızda çalışır ve JavaScript gerektirir. Onsuz, arşive ay ay bakın:

date = { $day } { month-name } { $year }
month-title = { month-name } { $year }
month-name = { $month ->
    [1] Ocak
    [2] Şubat
    [3] Mart
    [4] Nisan
    [5] Mayıs
    [6] Haziran
    [7] Temmuz
    [8] Ağustos
    [9] Eylül
    [10] Ekim
    [11] Kasım
   *[12] Aralık
}
articles = { $shown } yazı

footer = Bu, “{ $site }” tarafından imzalanmış bir kopyadır. Size birçok adresten ulaşabilir; yazılar aynıdır.

not-found-title = Bu sayfa burada yok
not-found-text = Adres yanlış yazılmış ya da yazı geri çekilmiş olabilir.
not-found-home = Ana sayfaya

withdrawn-title = Bu yazı geri çekildi
withdrawn-text = Yayın kuruluşu yazıyı geri çekti; artık burada değil.

about-what-title = Bu nedir
about-what = “{ $site }” sitesinin bir kopyasını okuyorsunuz. Kendi adresinin engellendiği yerlerde bunun gibi kopyalar aynı yazıları ve fotoğrafları taşır. Kopyayı tutan kişi yazıları fark ettirmeden değiştiremez, yeni yazı da imzalayamaz.
about-signed-title = Kim imzalıyor
about-signed = “{ $site }” bütün sayfaların ve fotoğrafların listesini imzalar. Anahtarları şu parmak izinden tanınır:
about-words = Aynı parmak izi, telefonda okunabilsin diye sözcüklerle:
about-unsigned = Bu bir önizlemedir. Kimse imzalamadı.
about-age-title = Bu kopya ne kadar yeni
about-newest = Buradaki en yeni yazının tarihi: { date }.
about-age = Daha yenileri olmalıysa ya biri onları tutuyordur ya da bu kopya yenilenmemiştir: başka bir kopya arayın. colport programı kesin yaşı söyler.
about-check-title = Kopya nasıl denetlenir
about-check = Tarayıcı tek başına gerçek kopyayı sahtesinden ayıramaz. colport programı ayırabilir: her sayfayı ve fotoğrafı denetler, kimin ne zaman imzaladığını söyler. Parmak izini güvendiğiniz birinden telefonla ya da kâğıt üzerinde alın ve karşılaştırın. Sonra şunu çalıştırın:
about-carry-title = Başkalarına nasıl verilir
about-carry = Bütün site, adı .tar.gz ile biten tek bir dosyadır. Bellek kartına ya da telefona sığar, internet gerektirmez: herhangi bir programla açın, sonra index.html dosyasını açın. Dosyayı denetlemek için de şunu çalıştırın:
about-small = İnternetin pahalı olduğu yerler için aynı site, ağdaki her kopyadan daha küçük bir dosya olarak da alınabilir:
about-small-text = Resimsiz, yaklaşık { $size } MB
about-small-light = Küçük resimlerle, yaklaşık { $size } MB
about-elsewhere-title = Başka nerede bulunur
about-elsewhere = Bu kopya kaybolursa şuralara bakın:
about-limits-title = Sizi nelerden koruyamaz
about-limits-network = Ağınızı yöneten kişi hangi adrese ne zaman girdiğinizi görebilir. https ile hangi yazıyı okuduğunuzu görmez, ama boyutundan tahmin edebilir.
about-limits-links = Oklu bağlantılar bu kopyanın dışına, izlenen ya da engellenen yerlere götürebilir.
about-limits-device = Bu site sizin hakkınızda kayıt tutmaz ve çerez kullanmaz, ama cihazınız hatırlar: başkaları bakabilecekse tarayıcı geçmişini silin. Başkasının denetlediği bir cihaz okuduğunuz her şeyi ona gösterir.
about-limits-truth = İmza, yazıyı kimin yayımladığını ve değiştirilmediğini kanıtlar. Yazının doğru olduğunu kanıtlamaz.
about-contact-title = Yayıncıya nasıl ulaşılır

announce-read = { $site } buradan okunur:
announce-verify = Gerçek olduğunu colport ile doğrulayın:
