"""What the demo city's people write on its sample day, by hand. `{p}` stands for a place in the reporter's language.

None of these texts is in the classifier's bootstrap corpus.
"""

# category: Chinese texts, English texts
TEXTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pothole": (
        (
            "{p}往南一点的路面烂了一大片，电动车过去人都要颠下来，麻烦派人补补",
            "今早送孩子上学，在{p}附近右边车道压进一个深坑，前轮当场爆了",
            "{p}门前的柏油起壳掉渣，下雨后坑里都是水看不出深浅",
            "反映{p}这段路坑槽很多，上回只补了两个，剩下五六个没人管",
        ),
        (
            "Deep pothole right by {p}, my front tyre burst on it this morning",
            "The road surface near {p} is breaking up again, three holes in ten metres",
        ),
    ),
    "road-collapse": (
        (
            "{p}旁边的路面突然往下陷，直径差不多两米，底下是空的，赶紧拉警戒线！",
            "路塌了！{p}前面，一辆面包车后轮悬在洞边",
        ),
        ("The road has caved in next to {p}, there is a hollow underneath and a van nearly went in",),
    ),
    "manhole-damaged": (
        (
            "{p}路边有个窨井盖不见了，黑洞洞的，晚上走过去要出人命",
            "下水井的铁盖裂成两半，车压过去哐当响，就在{p}对面",
            "{p}这里井盖比路面低了一拳头，骑车的人摔了两个了",
        ),
        ("Manhole cover missing at {p}, somebody put a broken chair over it",),
    ),
    "pavement-damaged": (
        ("{p}门口人行道地砖翘起来了，老人绊倒过，能不能修一下", "盲道在{p}这儿断了，砖都被撬走了"),
        ("Loose paving slabs outside {p}, they tip when you step on them",),
    ),
    "guardrail-damaged": (
        ("{p}那边的护栏被货车撞倒一截，横在非机动车道上两天了", "路中间的隔离栏歪倒了，位置{p}"),
        ("A stretch of railing near {p} was knocked flat by a lorry and sticks into the cycle lane",),
    ),
    "traffic-signal-fault": (
        ("{p}路口红绿灯全灭了，四个方向都在抢，谁都不让谁", "{p}的左转信号灯一直是红的，等了五个周期都没变"),
        ("Traffic lights at {p} are dark in all directions since half past seven",),
    ),
    "road-works": (
        ("{p}围挡围了大半年不见有人施工，只剩一条道能走", "修管道把{p}挖开了又没铺平，钢板翘着，到底哪天完工"),
        ("The hoarding at {p} has blocked half the street since spring and nobody is working behind it",),
    ),
    "street-light-out": (
        (
            "{p}一整排路灯都不亮，下夜班的女同志走这条路很害怕",
            "晚上{p}黑灯瞎火的，路灯已经坏了一个礼拜",
            "{p}门口那根灯杆一闪一闪的，像是快坏了",
            "路灯白天亮着晚上反而灭了，在{p}",
        ),
        ("Six street lamps in a row are out along {p}", "The lamp post by {p} flickers all night, please fix"),
    ),
    "water-outage": (
        ("{p}从昨天半夜停水到现在，也没有通知，做饭都没法做", "我们住{p}高层，水压小得热水器都打不着火"),
        ("No water in our building at {p} since six this morning and no notice either",),
    ),
    "water-leak": (
        ("{p}门口自来水管爆了，水喷得有一人多高，流了一路", "消防栓在{p}边上一直往外淌水，淌了好几天，太浪费"),
        ("Water main burst at {p}, the water shoots up over the parked cars",),
    ),
    "drain-blocked": (
        (
            "{p}的污水井往外冒，臭水流到店门口了，生意都没法做",
            "化粪池满了，粪水从{p}楼下返上来",
            "{p}雨水口被树叶泥巴糊死了，水排不下去",
        ),
        ("Sewage is coming up from the drain outside {p}, the smell is unbearable",),
    ),
    "gas-leak": (
        ("{p}楼道里闻到很浓的煤气味，阀门都关了还有，请马上来人", "施工把燃气管挖断了，{p}，嘶嘶地漏气！"),
        ("Strong smell of gas in the stairwell at {p}, we have opened the windows, please come quickly",),
    ),
    "power-outage": (
        ("{p}这一片又没电了，冰箱里的菜全坏了，啥时候来电", "变压器响了一声就跳闸，{p}三栋楼全黑"),
        ("Power cut at {p} for the third evening this week",),
    ),
    "heating-failure": (
        ("{p}家里暖气片摸着冰凉，屋里才十二度，孩子都冻感冒了", "交了供暖费暖气不热，{p}一单元都是这样"),
        ("Radiators at {p} have been cold for four days, it is 12 degrees indoors",),
    ),
    "dangling-cable": (
        ("{p}上空有根电缆垂下来，离地不到两米，大车过会刮到", "电线杆歪得厉害，靠几根光缆拽着，{p}"),
        ("A cable hangs down across the footpath at {p}, low enough to touch",),
    ),
    "litter": (
        (
            "{p}满地的纸屑塑料袋，几天没见人来扫",
            "周末过后{p}一片狼藉，烟头饭盒到处是",
            "{p}路边落叶和垃圾堆在一起没人打扫",
        ),
        ("Rubbish blowing about all over {p}, nobody has swept for days",),
    ),
    "garbage-overflow": (
        ("{p}的垃圾桶早就满了，袋子堆在外面流黑水，苍蝇嗡嗡的", "垃圾清运车三天没来{p}了，味道熏得不敢开窗"),
        ("The bins at {p} are overflowing and the bags are being torn open by dogs",),
    ),
    "illegal-dumping": (
        ("半夜有人开货车到{p}倒了一车装修垃圾就跑", "{p}空地上堆满破沙发旧床垫和砖头，没人认领"),
        ("Someone tipped a whole load of rubble beside {p} overnight",),
    ),
    "public-toilet": (
        ("{p}的公厕冲不了水，地上全是脏水，根本下不去脚", "公厕挂着锁，{p}逛一天找不到厕所"),
        ("The public toilet at {p} is locked and the other one has no water",),
    ),
    "fallen-tree": (
        ("刚才一阵风把{p}的大树刮倒了，压住一辆白色轿车", "{p}有根粗树枝断了挂在电线上，随时会掉"),
        ("A big tree has come down across the road at {p}",),
    ),
    "tree-pruning": (
        ("{p}的梧桐长到三楼窗户了，白天家里都要开灯，请修一修", "{p}行道树上全是毛毛虫，掉到脖子里"),
        ("The branches at {p} grow right into our windows, please trim them",),
    ),
    "green-damage": (
        ("有人把{p}的绿化带刨了种葱种蒜", "{p}草坪被车轧得稀烂，黄土都露出来了"),
        ("Somebody has dug up the flower bed at {p} to grow vegetables",),
    ),
    "park-facility": (
        ("{p}的健身器材断了一根杆子，老头差点摔着", "{p}儿童滑梯裂了口子，边上很锋利"),
        ("The swing at {p} hangs by one chain",),
    ),
    "street-vendor": (
        (
            "一到傍晚{p}就被炒饭烧烤的小推车占满，人得走到马路中间",
            "{p}卖水果的三轮车排了一长溜，喇叭喊个不停",
            "流动摊贩把{p}的出口堵死了，推婴儿车出不去",
        ),
        ("Food carts take up the whole pavement at {p} every evening",),
    ),
    "shop-encroachment": (
        ("{p}那几家店把冰柜桌椅都摆到人行道上，路人没法走", "五金店的货堆到{p}盲道上了"),
        ("Shops at {p} put their tables and racks all over the footway",),
    ),
    "illegal-parking": (
        (
            "{p}门口停了两排车，消防车都进不来",
            "有辆灰色轿车横在{p}车库出口，打挪车电话不接",
            "人行道上停满了车，{p}这里娃娃只能走机动车道",
            "一辆没牌照的僵尸车在{p}停了快一年，轮胎都瘪了",
        ),
        (
            "Cars parked on the pavement again at {p}",
            "A white van blocks the driveway at {p}, nobody answers the phone",
        ),
    ),
    "bike-clutter": (
        ("{p}共享单车堆得像小山，进出站要侧着身子", "电动车横七竖八停在{p}的坡道上，轮椅过不去"),
        ("Hundreds of shared bikes are piled up at {p}",),
    ),
    "illegal-advert": (
        ("{p}电线杆上贴满了开锁通下水的小广告", "{p}楼顶的大招牌松了，风一吹就晃", "有人在{p}拉横幅卖房子"),
        ("Stickers for loans and locksmiths on every wall at {p}",),
    ),
    "noise-construction": (
        ("都夜里十一点了{p}工地还在浇混凝土，孩子明天要考试", "{p}边上打桩从早打到晚，墙都在震"),
        ("The building site by {p} was still using a jackhammer at midnight",),
    ),
    "noise-social": (
        ("{p}跳广场舞的音响开得震天响，天天到九点半", "楼下酒吧在{p}，凌晨两点还在放歌"),
        ("Karaoke from the bar at {p} until three in the morning",),
    ),
    "noise-traffic": (
        ("{p}半夜有摩托车炸街，一晚上吵醒好几回", "大货车夜里从{p}过，鸣笛声不断"),
        ("Motorbikes race past {p} every night after midnight",),
    ),
    "air-pollution": (
        ("{p}方向飘来一股刺鼻的塑料烧焦味，喉咙都疼", "{p}那根烟囱一到夜里就冒黑烟"),
        ("There is a sharp chemical smell around {p} again tonight",),
    ),
    "dust": (
        ("{p}的工地裸土没盖，风一刮满天灰，家里不敢开窗", "渣土路没人洒水，{p}车一过尘土飞扬"),
        ("Dust from the uncovered soil at {p} covers everything on our balcony",),
    ),
    "cooking-fumes": (
        ("楼下烧烤店的排烟口正对着{p}居民窗户，油烟味进屋", "{p}那家川菜馆油烟直排，墙都黑了"),
        ("The restaurant below us at {p} blows its greasy smoke straight into our flat",),
    ),
    "river-pollution": (
        ("{p}的水变成墨绿色还冒泡，岸边漂着死鱼", "有个管子往{p}边上的河里排黑水，一股柴油味"),
        ("Dead fish floating near {p} and the water has an oil film",),
    ),
    "property-management": (
        ("{p}物业只收钱不干活，保安室常年没人", "物业费涨了四成没开过业主大会，{p}的业主都不认"),
        ("The estate management at {p} raised the fee without asking any owner",),
    ),
    "elevator-fault": (
        (
            "电梯困人了！{p}三号楼，里面有个老太太和小孩",
            "{p}电梯一周停了三次，住十八楼爬不动",
            "{p}的电梯按键失灵，门开开合合",
        ),
        (
            "Two people are trapped in the lift at {p}, it stopped between floors",
            "The lift at {p} has been out of order since Monday",
        ),
    ),
    "building-quality": (
        ("{p}交房才半年，卧室墙就渗水发霉，开发商推来推去", "精装修的地板全起鼓了，{p}二期"),
        ("Our new flat at {p} leaks whenever it rains and the developer ignores us",),
    ),
    "falling-facade": (
        ("{p}外墙瓷砖一块块往下掉，刚砸坏一辆车的玻璃", "{p}老楼的阳台裂了大缝，看着要塌"),
        ("Tiles are falling off the facade at {p} onto the pavement",),
    ),
    "illegal-building": (
        ("{p}顶楼有人私自加盖一层彩钢房", "邻居在{p}公共平台上搭了个阳光房"),
        ("Somebody is building an extra storey on the roof at {p} without a permit",),
    ),
    "demolition-compensation": (
        ("{p}拆迁两年了，过渡费只发了半年", "征地补偿标准和公告的不一样，{p}村民要个说法"),
        ("Our house at {p} was pulled down two years ago and the relocation allowance stopped",),
    ),
    "property-certificate": (
        ("买{p}的房子四年了，房产证还办不下来", "公积金提取材料交了一个月没动静"),
        ("Four years after the purchase at {p} we still have no title deed",),
    ),
    "bus-service": (
        ("{p}等15路公交等了五十分钟，一来来三辆", "司机到{p}站不停车，追着拍门都不理"),
        ("The number 15 bus drove past the stop at {p} without stopping",),
    ),
    "taxi-complaint": (
        ("在{p}打车司机不打表，一口价八十", "网约车绕了一大圈多收我二十块，起点{p}"),
        ("The taxi from {p} took a long detour and refused to use the meter",),
    ),
    "traffic-congestion": (
        ("{p}早高峰堵得一动不动，能不能设个左转车道", "放学时间{p}两头都堵死"),
        ("Gridlock at {p} every morning, the left turn lane is far too short",),
    ),
    "mud-truck": (
        ("渣土车不盖布，一路撒到{p}", "泥头车带泥上路，{p}全是泥浆"),
        ("Dump trucks drop mud and stones all along {p}",),
    ),
    "unpaid-wages": (
        ("在{p}工地干了五个月，包工头一分钱没给，二十几个民工等着回家", "饭店关门了还欠我们俩月工资，{p}"),
        ("The foreman at the building site near {p} owes eleven of us three months of wages",),
    ),
    "labour-dispute": (
        ("公司说我试用期不合格当天就辞退，也不给赔偿", "上班摔断手，老板不给报工伤"),
        ("I was dismissed the day I told them I am pregnant",),
    ),
    "pension": (
        ("养老金这个月没到账，社保窗口说查不到认证记录", "下岗早年断缴的社保现在能不能补"),
        ("My pension has not arrived for two months",),
    ),
    "medical-insurance": (
        ("在外地住院回来报销，跑了三趟都说缺材料", "医保卡在{p}药店刷不了"),
        ("My insurance claim for the hospital stay abroad was refused without a reason",),
    ),
    "school-admission": (
        ("我家住{p}，划片却分到三公里外的学校", "随迁子女入学要哪些证明，电话一直打不通"),
        ("We live next to {p} but were given a school place across town",),
    ),
    "school-conduct": (
        ("{p}强制订校服，一套六百多，不买不让进", "老师在群里点名要孩子周末补课收费"),
        ("The school at {p} makes pupils pay for weekend classes",),
    ),
    "tutoring-refund": (
        ("{p}舞蹈培训班一夜之间搬空了，还有四十节课没上", "早教中心说退费要扣一半"),
        ("The training centre at {p} closed and will not refund my course fee",),
    ),
    "culture-sport": (
        ("{p}游泳池闭馆通知一直没更新，白跑三趟", "图书馆周一也该开放吧，{p}"),
        ("The sports hall at {p} turns away people although the pitch is empty",),
    ),
    "consumer-dispute": (
        ("在{p}买的手机是翻新机，商家不给退", "商场促销先涨价再打折，{p}"),
        ("The shop at {p} sold me a used phone as new and refuses a refund",),
    ),
    "food-safety": (
        ("在{p}吃了凉菜全家拉肚子", "{p}超市卖的酸奶过期半个月还摆在架上"),
        ("Found a piece of glass in my noodles at {p}",),
    ),
    "prepaid-card": (
        ("{p}理发店充了两千块，昨天去人去楼空", "健身房关门，年卡余额不退，{p}"),
        ("The gym at {p} vanished with our annual fees",),
    ),
    "business-fraud": (
        ("有人在{p}租了间房给老人讲课卖保健品，一盒三千", "朋友拉我去{p}听课，交钱发展下线"),
        ("They run a pyramid scheme in an office at {p}, my aunt paid 50,000",),
    ),
    "tourism": (
        ("{p}导游不买东西就甩脸子，把我们扔在停车场", "民宿到店临时加价，{p}"),
        ("Our guide at {p} locked the coach until everyone had bought something",),
    ),
    "hospital-service": (
        ("{p}挂了专家号，等了四小时护士说医生走了", "住院押金退了三个月还没到账，{p}"),
        ("Waited five hours in the ward at {p} and the doctor never came",),
    ),
    "public-health": (
        ("{p}门诊疫苗老是没货，宝宝接种都拖过期了", "{p}巷子里有个没招牌的黑诊所给人打针"),
        ("An unlicensed clinic near {p} gives injections in a back room",),
    ),
    "family-planning": (
        ("独生子女父母奖励扶助停发了，不知道问谁", "生育津贴申请三个月没批"),
        ("How do I get the birth registration for my second child at {p}?",),
    ),
    "fire": (
        ("{p}后面仓库着火了，浓烟滚滚，快来！", "电瓶车烧起来了，{p}楼下，火苗窜到二楼"),
        ("Fire! Thick smoke is coming out of a warehouse near {p}",),
    ),
    "fire-hazard": (
        ("{p}楼道里堆满纸箱还拉线充电", "{p}消防通道被杂物堵死了，安全出口上着锁"),
        ("The emergency exit at {p} is chained and e-bikes charge in the stairwell",),
    ),
    "flooding": (
        (
            "雨下了一个钟头，{p}水深到膝盖了，车都熄火在里面",
            "{p}下穿通道积水，有车被困，快封路",
            "{p}地库进水了，沙袋根本挡不住",
        ),
        ("{p} is under water after the storm, knee-deep and rising",),
    ),
    "crowd": (
        ("{p}围了上百号人吵着要退钱，快打起来了", "有两伙人在{p}打群架"),
        ("A large angry crowd is gathering at {p} and people are being pushed",),
    ),
    "stray-animals": (
        ("{p}有条大黄狗追着小学生跑，没拴绳", "流浪狗成群在{p}翻垃圾，昨天咬了个快递员", "{p}草丛里有蛇"),
        ("A stray dog bit a child at {p} today",),
    ),
    "camera-fault": (
        ("{p}的监控探头被树叶挡住了，丢了车查不到", "{p}门口摄像头掉下来晃荡着"),
        ("The camera at {p} hangs loose from its pole",),
    ),
}

# Things that fit nowhere, or into several categories: a person must look at them.
UNCLEAR = (
    "你们到底管不管事啊，打了八个电话都没人接",
    "谢谢上次来修的师傅，态度很好，给个表扬",
    "我想问一下办事大厅周六上班吗",
    "昨天反映的事情怎么样了",
    "在吗",
    "asdfgh jkl 1234",
    "???",
    "Thank you for nothing",
    "I reported something last week and want to know what became of it",
    "Bonjour, il y a un problème dans ma rue depuis hier",
    "楼上装修、楼下唱歌、门口乱停车，这日子没法过了",
    "加微信领红包，刷单兼职日结三百",
    "Casino bonus!!! earn money from home, no risk",
    "举报某科长收钱办事，吃拿卡要，望严查",
)

# How people begin and end; most do neither.
OPENINGS = {
    "zh": ("您好，", "你好，我想反映一下，", "领导好！", "市民来电：", "急！", "再次反映：", "麻烦看一下，"),
    "en": ("Hello, ", "Hi there - ", "Urgent: ", "Good morning. ", "To whom it may concern: "),
}
ENDINGS = {
    "zh": ("。谢谢！", "，请尽快处理。", "，望回复", "。电话19900001234，随时联系", "！！！", "，已经第三次反映了。"),
    "en": (
        " Thanks.",
        " Please send somebody.",
        " Photo attached.",
        " Call me on 19900004321.",
        " This is the third time.",
    ),
}
