# 读者在网站上看到的文字。{ } 里的名称由 colport 填写，请保持原样。

skip = 跳到正文
home = 全部媒体
latest = 最新
archive = 存档
search = 搜索
sections = 栏目
pages = 分页
newer = 较新的文章
older = 较早的文章
picture = 图片
all-of-month = { month-title }的全部文章
feed = RSS 订阅
about = 关于本副本
updated = 更新于{ date }
original = 首发于
nothing-yet = 这里还没有发表文章。

search-label = 搜索“{ $site }”的文章
search-go = 搜索
search-busy = 正在搜索……
search-found = 找到：
search-none = 没有找到。请减少词语，或只输入词语的一部分。
search-reach = 搜索范围最早至
search-older = 搜索更早的文章
search-lost = 有一部分索引未能加载。
search-bare = 搜索在您的浏览器里进行，需要 JavaScript。如未启用，请按月份查看存档：

date = { $year }年{ $month }月{ $day }日
month-title = { $year }年{ $month }月
articles = { $shown } 篇文章

footer = 这是由“{ $site }”签名的副本。您可能从许多不同的地址看到它，文章都是一样的。

not-found-title = 这里没有这个页面
not-found-text = 可能是地址有误，也可能是文章已撤回。
not-found-home = 回到首页
not-found-up = 上一级

withdrawn-title = 本文已撤回
withdrawn-text = 编辑部撤回了本文，这里不再提供。

about-what-title = 这是什么
about-what = 您正在阅读“{ $site }”网站的一份副本。当它自己的地址被封锁时，像这样的副本会送来同样的文章和图片。保存副本的人无法签发文章；文章若被改动，核对副本时就会被发现。
about-signed-title = 由谁签名
about-signed = “{ $site }”为全部页面和图片的清单签名。凭这个指纹可以辨认它的密钥：
about-words = 同一指纹的单词形式，便于在电话里念出：
about-unsigned = 这是预览，没有人签名。
about-age-title = 本副本有多新
about-newest = 这里最新的文章发表于{ date }。
about-age = 如果此时应当已有更晚发表的文章，那么可能是有人扣住了它们，也可能是本副本没有更新：请另找一份。colport 程序会说明副本的确切时间。
about-check-title = 怎样核对副本
about-check = 单靠浏览器分不清副本的真伪，colport 程序可以：它核对每一个页面和每一张图片，并说明是谁、在什么时候签的名。请通过电话或纸条，从您信任的人那里得到指纹，然后填入副本的地址（ADDRESS）和指纹（FINGERPRINT），运行：
about-carry-title = 怎样传给别人
about-carry = 整个网站就是一个文件，文件名以 .tar.gz 结尾。它可以放进存储卡或手机，不需要联网：用任何解压程序打开，再打开 index.html。如果还要核对文件，请运行：
about-small = 流量费高的地方，可以从网上任何一份副本下载较小的文件，内容是同一个网站：
about-small-text = 不含图片，约 { $size }
about-small-light = 只含小图片，约 { $size }
kilobytes = { $size } KB
megabytes = { $size } MB
about-elsewhere-title = 还可以在哪里找到本网站
about-elsewhere = 如果这份副本消失，请到这里找：
about-limits-title = 副本不能防范什么
about-limits-network = 管理您网络的人看得到您在什么时候访问了哪个地址。使用 https 时，他们看不到您读的是哪篇文章，但可能从大小猜出来；不使用 https 时，他们什么都看得到。管理本副本所在服务器的人，看得到您的网络地址和您读的内容。
about-limits-links = 带箭头的链接通往本副本之外，那里可能受到监视或封锁。
about-limits-device = 这些网页不记录您的任何信息，也不使用 cookie，但您的设备会记住：如果别人可能查看，请清除浏览器的历史记录。受他人控制的设备，会让他看到您读的一切。
about-limits-truth = 签名证明文章由谁发表、没有被改动，但不能证明文章没有错误。
about-contact-title = 怎样联系发布者

announce-read = 在这里阅读“{ $site }”：
announce-verify = 用 colport 核实副本的真伪：
