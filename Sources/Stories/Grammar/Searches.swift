extension StoryGrammar {
  /// How the hero feels when something is gone, and where {H.he} looks for it.
  static let searches = """
    = sad
    ! H.feels=sad
    - "Oh no!" cried {H}. "[My|My poor|My dear] {X}!"
    - {H} felt <very> sad. A tear ran down {H.his} face.
    - {H} [sat down|dropped to the ground] and [began|started] to cry.
    - {H.His} heart sank. {H.He} loved the {X} so much.
    - {H} was <very> sad. What could {H.he} do?
    - "What [shall|should|can] I do now?" {H} [said|asked] <sadly>.
    - {H} [swallowed hard|bit {H.his} lip|blinked back {H.his} tears]. {H.He} did not want to cry, but {H.he} felt so sad.
    - Poor {H}! {H.He} [stood there|looked around] and did not know what to do.
    > try-tree try-water try-hole search try-nest try-fix meet*2

    = search
    ? S.problem=lost
    - {H} looked [behind every bush|behind every stone|between the flowers|under every tree], but [the {X} was not there|{H.he} found nothing].
    - {H.He} walked back the [same|whole] way with {H.his} eyes on the ground. There was no {X} anywhere.
    - {H.He} [searched|looked] [here and there|high and low|left and right], but {H.he} could not find the {X}.
    - First {H.he} found [a snail|a nut|a bottle cap], then {H.he} found [a feather|a leaf|a green beetle], but never the {X}.
    - (X:small) {H} emptied {H.his} [bag|pockets], but the {X} was not in there.
    > meet*6 other-search

    = other-search
    ? !O?
    ! O.at=H
    - {A O.trait} {O.kind} named {O} helped {H.him} to look. They found [a nut|a penny|an old shoe], but not the {X}.
    - {H.His} friend {O}, {a O.trait} {O.kind}, looked too. {O.He} could not find it either.
    - "I have not seen it," said {O}, {a O.trait} {O.kind} who lived nearby.
    > meet
    """

  static let meetings = """
    * meeting
    - <soon>, {a F.trait} {F.kind} named {F} came by.
    - <soon>, {a F.trait} {F.kind} came along. {F.His} name was {F}.
    - {A F.trait} {F.kind} named {F} was [walking|passing] by and [saw|heard] {H}.
    - Along came {F}, {a F.trait} {F.kind}.
    - Then {H} heard a [kind|soft|friendly] voice behind {H.him}. It was {F}, {a F.trait} {F.kind}.
    - {F}, {a F.trait} {F.kind} who lived nearby, [heard {H}|saw it all] and came over.
    - <soon>, {H} met {a F.trait} {F.kind} named {F}.
    - "Hello there!" called {a F.trait} {F.kind}. "My name is {F}."
    - {A F.trait} {F.kind} stopped beside {H.him}. "I am {F}," {F.he} said.

    = meet
    ? !F?
    ! F.at=H
    @ meeting
    > ask tell*3

    = ask
    - "What is [wrong|the matter]?" asked {F}.
    - (H.feels=sad) "Why are you [so sad|crying|so quiet], {H}?" asked {F}.
    - "Can I help you?" {F} asked <kindly>.
    - {F} [sat down|stood] beside {H} and asked what had happened.
    - (H.feels=sad) "You look sad," said {F}. "What happened?"
    - (H.feels=sad) "Please do not cry," {F} said <kindly>. "Tell me what happened."
    > tell

    = tell
    - (S.problem=tree, X:own) "My {X} is stuck in the tree," {H} said <sadly>.
    - (S.problem=tree, X:own) "The wind took my {X}," said {H}, "and now it is up in that tree."
    - (S.problem=tree, X:own) {H} pointed at the tree. "My {X} is up there, and I cannot reach it," {H.he} said.
    - (X:fruit) "I would love to eat the {X} up there," said {H}, "but I cannot reach it."
    - (X:fruit) {H} pointed at the tree. "I am so hungry, and the {X} is too high for me," {H.he} said.
    - (S.problem=water) "My {X} fell into the water," {H} said <sadly>.
    - (S.problem=water) "The water took my {X}, and I cannot swim," said {H}.
    - (S.problem=water) {H} pointed at the water. "My {X} is out there," {H.he} said.
    - (S.problem=hole) "My {X} fell into that hole," {H} said <sadly>.
    - (S.problem=hole) "The hole is so deep, and my {X} is down there," said {H}.
    - (S.problem=hole) {H} pointed at the hole. "My {X} rolled in there," {H.he} said.
    - (S.problem=lost) "I lost my {X}," {H} said <sadly>.
    - (S.problem=lost) "I have looked everywhere, but my {X} is gone," said {H}.
    - (S.problem=lost) "Have you seen my {X}?" asked {H}. "I lost it today."
    - (S.problem=nest) "The magpie took my {X}," {H} said <sadly>.
    - (S.problem=nest) {H} pointed at the nest. "My {X} is up there, and the magpie will not give it back," {H.he} said.
    - (S.problem=nest) "A magpie has my {X} in its nest," said {H}. "I cannot get up there."
    - (S.problem=broken) "My {X} is broken," {H} said <sadly>.
    - (S.problem=broken) "I dropped my {X}, and now it is broken," said {H}.
    - (S.problem=broken) {H} showed {F.him} the {X}. "I broke it, and I am so sorry," {H.he} said.
    - {H} told {F} [everything|all about the {X}|the whole story].
    > fly-up climb-up tool-tree shake swim-out net-water branch-water wave dig-out slip-in stick-hole pour smell spot look-together fly-nest trade-nest ladder-nest mend*3 sew-mend
    """

  static let rescues = """
    ~ sure Do not worry|Do not be sad|Dry your tears|Leave it to me|I have an idea

    = fly-up
    ? S.problem=tree, F:flies
    ! X.at=F
    - "<sure>," said {F}. {F.He} spread {F.his} wings, flew up into the tree, and came down with the {X}.
    - "I can fly," said {F}. Up, up, up {F.he} went, and {F.he} [took|pulled|picked] the {X} from the branch.
    - {F} flapped {F.his} wings and flew to the top of the tree. There {F.he} pulled the {X} free.
    > return

    = climb-up
    ? S.problem=tree, F:climbs
    ! X.at=F
    - "<sure>," said {F}. {F.He} climbed up the tree, branch by branch, and came down with the {X}.
    - "I am good at climbing," said {F}. {F.He} went up the tree in no time and [took|pulled|got] the {X} from the branch.
    - {F} climbed the tree as if it were [a stair|nothing at all] and pulled the {X} free.
    > return

    = tool-tree
    ? S.problem=tree, T:tall
    ! T.at=F
    - "<sure>," said {F}. "I have {a T} at home." {F.He} [ran|hurried] away and came back with it.
    - {F} thought for a moment. Then {F.he} went and brought {a T}.
    - "I have {a T}," said {F}. "Let us use it!"
    > up-tool

    = up-tool
    ? T.at=F
    ! X.at=F
    - {H} held the {T}, and {F} [went|climbed] up, step by step. {F.He} [took|got] the {X} and came down again.
    - They put the {T} against the tree. {F} climbed up and [freed|got] the {X}.
    - {F} climbed up the {T} while {H} held it [tight|still]. At the top, {F.he} took the {X}.
    > return

    = shake
    ? S.problem=tree, F:strong
    ! X.at=F
    - "<sure>," said {F}. {F.He} was so strong that {F.he} shook the whole tree. Down fell the {X}, and {F} caught it.
    - {F} put {F.his} back against the tree and pushed. The branches shook, and the {X} [dropped|fell] right onto {F.his} head.
    - "Stand back," said {F}. {F.He} gave the tree one mighty push, and the {X} fell down. {F.He} picked it up.
    > return

    = swim-out
    ? S.problem=water, F:swims
    ! X.at=F
    - "<sure>," said {F}. {F.He} jumped into the water, swam out, and came back with the {X}.
    - "I am a good swimmer," said {F}. {F.He} dived into the water and [came up|came back] with the {X}.
    - {F} slid into the water without a splash. [A moment later|Soon], {F.he} had the {X}.
    > return

    = net-water
    ? S.problem=water, T:long
    ! T.at=F
    - "<sure>," said {F}. "I have {a T} with me."
    - {F} thought for a moment. Then {F.he} went and brought {a T}.
    - "Wait here," said {F}. {F.He} ran home and came back with {a T}.
    > pull-out

    = pull-out
    ? T.at=F
    ! X.at=F
    - {F} [threw out|reached out with] the {T} [once, twice, three times|again and again]. At last {F.he} caught the {X} and pulled it out.
    - {H} held {F.him} by the [arm|hand], and {F} [reached out|leaned out] with the {T}. Slowly, {F.he} pulled the {X} to the shore.
    - With the {T}, {F} [pulled|drew] the {X} closer and closer until {F.he} could pick it up.
    > return

    = branch-water
    ? S.problem=water, F:strong
    ! X.at=F
    - "<sure>," said {F}. {F.He} pushed a big log into the water, walked out on it, and picked up the {X}.
    - {F} was big and strong. {F.He} [walked right into the water|waded out], and the waves could not push {F.him} over. {F.He} came back with the {X}.
    > return

    = wave
    ? S.problem=water, F:flies
    ! X.at=F
    - "<sure>," said {F}. {F.He} flew low over the water and [picked up|caught|lifted] the {X}.
    - {F} spread {F.his} wings and flew over the waves. {F.He} took hold of the {X} and carried it back.
    > return

    = dig-out
    ? S.problem=hole, F:digs
    ! X.at=F
    - "<sure>," said {F}. {F.He} dug and dug until the earth flew. Then {F.he} held up the {X}.
    - "I am good at digging," said {F}. {F.He} dug deep into the ground and [came up|came back] with the {X}.
    - {F} began to dig. The hole grew wider and wider, and at last {F.he} [reached|found] the {X}.
    > return

    = slip-in
    ? S.problem=hole, F:small
    ! X.at=F
    - "<sure>," said {F}. "I am small." {F.He} slipped into the hole and came out with the {X}.
    - {F} was small enough for the hole. {F.He} crawled in, and soon {F.he} came out with the {X}.
    - "It is good to be small," said {F}, and {F.he} vanished into the hole. A moment later, {F.he} came out with the {X}.
    > return

    = stick-hole
    ? S.problem=hole, T:long
    ! T.at=F
    - "<sure>," said {F}. "I have {a T} with me."
    - {F} thought for a moment. Then {F.he} went and brought {a T}.
    - "I will get {a T}," said {F}, and off {F.he} ran.
    > fish-out

    = fish-out
    ? T.at=F
    ! X.at=F
    - {F} let the {T} down into the hole. Slowly, slowly, {F.he} pulled out the {X}.
    - {F.He} put the {T} into the hole, [moved it about|turned it three times], and pulled. Out came the {X}!
    - {F} lay down on the ground and reached into the hole with the {T}. "I have it!" {F.he} called, and {F.he} took the {X} out.
    > return

    = pour
    ? S.problem=hole, X:floats, F:clever
    ! X.at=F
    - "<sure>," said {F}. {F.He} poured [water|a bucket of water] into the hole until the {X} floated to the top.
    - {F} was clever. {F.He} filled the hole with water, and the {X} floated right up to {F.him}.
    > return

    = smell
    ? S.problem=lost, F:smells
    ! X.at=F
    - "<sure>," said {F}. {F.He} put {F.his} nose to the ground and sniffed. Soon {F.he} [found|smelled out] the {X} under a bush.
    - "My nose can find anything," said {F}. Sniff, sniff, sniff! {F.He} found the {X} behind a stone.
    > return

    = spot
    ? S.problem=lost, F:flies
    ! X.at=F
    - "<sure>," said {F}. {F.He} flew in wide circles until {F.he} saw the {X} [far below|in the grass], and {F.he} picked it up.
    - {F} flew up high and looked down. "There it is!" {F.he} called, and {F.he} picked up the {X}.
    > return

    = look-together
    ? S.problem=lost
    ! X.at=F
    - "Let us look together," said {F}. They searched side by side until {F} found the {X} under a bush.
    - "Where did you see it last?" asked {F}. They went back to that place, and {F} found the {X} in the tall grass.
    - "Four eyes see more than two," said {F}. They looked and looked, and at last {F} [found|spotted] the {X} behind a stone.
    - (X:small) {F} smiled and held out {F.his} hand. "Is this it?" {F.he} asked. "I found it on the path." It was the {X}!
    > return

    = fly-nest
    ? S.problem=nest, F:flies
    ! X.at=F
    - "<sure>," said {F}. {F.He} flew up to the nest and talked to the magpie until it gave {F.him} the {X}.
    - {F} flew up to the nest while the magpie was away and [brought back|took out] the {X}.
    > return

    = trade-nest
    ? S.problem=nest, T:trade
    ! T.at=nest, X.at=F
    - "<sure>," said {F}. {F.He} held up {a T}. The magpie liked it even more, so it took the {T} and gave {F} the {X}.
    - "Magpies love to trade," said {F}. {F.He} gave the magpie {a T}, and the magpie gave {F.him} the {X}.
    > return

    = ladder-nest
    ? S.problem=nest, T:tall
    ! T.at=F
    - "<sure>," said {F}. "I have {a T} at home." {F.He} [ran|hurried] away and came back with it.
    - {F} thought for a moment. Then {F.he} went and brought {a T}.
    > up-nest

    = up-nest
    ? T.at=F
    ! X.at=F
    - {H} held the {T}, and {F} climbed up to the nest. {F.He} [took|got] the {X} and came down again.
    - {F} climbed up the {T} and said [please|something kind] to the magpie. The magpie was so surprised that it gave {F.him} the {X}.
    > return

    = mend
    ? S.problem=broken, T:mends
    ! T.at=F
    - "<sure>," said {F}. "I have {a T} with me."
    - "Broken things can be mended," said {F}. {F.He} went home and brought {a T}.
    - {F} looked at the {X} and nodded. Then {F.he} [opened {F.his} bag and took out|went to get] {a T}.
    > mended

    = mended
    ? T.at=F
    ! X.is=whole, X.at=F
    - With the {T}, {F} mended the {X} until it was as good as new.
    - {H} held the pieces, and {F} used the {T}. [An hour|Half an hour|A little while] later, the {X} was whole again.
    - {F} worked [slowly|carefully] with the {T}. Piece by piece, {F.he} put the {X} together again.
    > return

    = sew-mend
    ? S.problem=broken, F:builds
    ! X.is=whole, X.at=F
    - "<sure>," said {F}. "I build things every day." {F.He} worked until the {X} was as good as new.
    - {F} loved to build things. {F.He} fitted the pieces together, and soon the {X} was whole again.
    > return

    = return
    ? X.at=F
    ! X.at=H, H.feels=happy
    - (X:own) {F} gave the {X} back to {H}.
    - (X:own) "Here is your {X}," said {F}, and {F.he} gave it to {H}.
    - "Here you are," said {F}, and {F.he} gave {H} the {X}.
    - {F.He} [put|laid] the {X} into {H}'s hands. {H} [beamed|smiled|laughed] with joy.
    - {H} could hardly believe it when {F} handed {H.him} the {X}.
    - "Look what I have!" said {F}, and {F.he} gave the {X} to {H}.
    - Then {F} [gave|handed] {H} the {X}, and {H}'s eyes [shone|lit up].
    > thank close halve*9
    """
}
