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
feed = RSS akışı
about = Bu kopya hakkında
updated = Güncelleme: { date }
original = İlk yayımlandığı yer:
nothing-yet = Burada henüz bir şey yayımlanmadı.

search-label = “{ $site }” yazılarında ara
search-go = Ara
search-busy = Aranıyor…
search-found = Sonuç sayısı:
search-none = Sonuç bulunamadı. Daha az sözcükle ya da yalnızca bir sözcüğün başıyla arayın.
search-reach = Bakılan en eski yazının tarihi:
search-older = Daha eski yazılarda ara
search-lost = Arama dizininin bir bölümü yüklenemedi.
search-bare = Arama tarayıcınızda çalışır ve JavaScript gerektirir. JavaScript yoksa arşive ay ay bakın:

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
not-found-text = Adres yanlış yazılmış ya da yazı yayından kaldırılmış olabilir.
not-found-home = Ana sayfaya dön
not-found-up = Bir üst düzeye

withdrawn-title = Bu yazı yayından kaldırıldı
withdrawn-text = Kararı yazı işleri verdi; yazı artık burada değil.

about-what-title = Bu nedir
about-what = “{ $site }” sitesinin bir kopyasını okuyorsunuz. Kendi adresinin engellendiği yerlerde bunun gibi kopyalar aynı yazıları ve fotoğrafları taşır. Kopyayı tutan kişi yazı imzalayamaz; bir yazıda yaptığı her değişiklik, kopya denetlendiğinde ortaya çıkar.
about-signed-title = Kim imzalıyor
about-signed = “{ $site }” bütün sayfaların ve fotoğrafların listesini imzalar. Anahtarları şu parmak izinden tanınır:
about-words = Aynı parmak izi, telefonda okunabilsin diye sözcüklerle:
about-unsigned = Bu bir önizlemedir. Kimse imzalamadı.
about-age-title = Bu kopya ne kadar yeni
about-newest = Buradaki en yeni yazının tarihi: { date }.
about-age = Şimdiye kadar daha yenileri çıkmış olmalıysa ya biri onları alıkoyuyor ya da bu kopya yenilenmemiş demektir: başka bir kopya arayın. Kopyanın tam olarak ne kadar eski olduğunu colport programı söyler.
about-check-title = Kopya nasıl denetlenir
about-check = Tarayıcı tek başına gerçek kopyayı sahtesinden ayıramaz. colport programı ayırabilir: her sayfayı ve fotoğrafı denetler, kimin ne zaman imzaladığını söyler. Parmak izini güvendiğiniz birinden telefonla ya da kâğıt üzerinde alın. Sonra şu komutu, kopyanın adresi (ADDRESS) ve parmak izi (FINGERPRINT) ile çalıştırın:
about-carry-title = Başkalarına nasıl verilir
about-carry = Bütün site, adı .tar.gz ile biten tek bir dosyadır. Bellek kartına ya da telefona sığar, internet gerektirmez: herhangi bir arşiv programıyla açın, sonra index.html dosyasını açın. Dosyayı denetlemek için de şunu çalıştırın:
about-small = İnternetin pahalı olduğu yerlerde aynı site daha küçük bir dosya olarak da indirilebilir; bu dosya, internetteki her kopyada bulunur:
about-small-text = Fotoğrafsız, yaklaşık { $size }
about-small-light = Küçük fotoğraflarla, yaklaşık { $size }
kilobytes = { $size } KB
megabytes = { $size } MB
about-elsewhere-title = Bu site başka nerede bulunur
about-elsewhere = Bu kopya kaybolursa şuralara bakın:
about-limits-title = Bu kopya sizi nelerden koruyamaz
about-limits-network = Ağınızı yöneten kişi hangi adrese ne zaman girdiğinizi görebilir. https ile hangi yazıyı okuduğunuzu görmez, ama boyutundan tahmin edebilir; https yoksa her şeyi görür. Bu kopyanın geldiği sunucuyu işleten kişi internet adresinizi ve ne okuduğunuzu görür.
about-limits-links = Oklu bağlantılar bu kopyanın dışına, izleniyor ya da engellenmiş olabilecek yerlere götürür.
about-limits-device = Bu sayfalar sizin hakkınızda kayıt tutmaz ve çerez kullanmaz, ama cihazınız hatırlar: başkaları bakabilecekse tarayıcı geçmişini silin. Başkasının yönettiği bir cihaz, okuduğunuz her şeyi ona gösterir.
about-limits-truth = İmza, yazıyı kimin yayımladığını ve değiştirilmediğini kanıtlar. Yazının doğru olduğunu kanıtlamaz.
about-contact-title = Yayıncıya nasıl ulaşılır

announce-read = “{ $site }” burada okunur:
announce-verify = Kopyanın gerçek olduğunu colport ile doğrulayın:
