extension StoryGrammar {
  /// The hero has something dear and takes it out.
  static let belongings = """
    = own
    ? X:own
    ! X.at=H, H.feels=happy
    - {H} had {a X}. {H.He} [took|carried] it [everywhere|wherever {H.he} went|along every day].
    - {H.His} [favorite|dearest] thing was {a X} that {H.his} <family> had given {H.him}.
    - {H} [had|owned] {a X}, and {H.he} [loved it very much|took good care of it|would not trade it for anything].
    - For {H.his} birthday, {H} got {a X}. It was the best gift {H.he} had ever had.
    - {H} had {a X}. It was a gift from {H.his} <family>.
    - {H.His} <family> had left {H.him} {a X}, and {H} was [very|so] proud of it.
    - Of all the things {H} had, {H.he} loved {H.his} {X.full} the most.
    - [One winter|Last summer|Long ago], {H} had [found|won|been given] {a X}. It [made {H.him} smile every day|was {H.his} greatest treasure].
    - [Every night|Each night], {H} put {H.his} {X.full} [beside the bed|on the shelf|by the window] and wished it sweet dreams.
    > trip*5 show

    = trip
    ? Q:away
    ! H.at=Q
    - <one-day>, {H} took the {X} to {Q}.
    - <one-day>, {H} went to {Q} and brought the {X} along.
    - <one-day>, {H} [walked|ran|skipped|set out] to {Q} with the {X}.
    - "What a <weather> <parts>!" said {H}. {H.He} picked up the {X} and went to {Q}.
    - <one-day>, {H} wanted to go to {Q}. Of course, the {X} had to come too.
    - [The sun was shining|The sky was blue|The birds were singing], so {H} carried the {X} to {Q}.
    - "Today I will take my {X} to {Q}," {H} said one morning, and off {H.he} went.
    > play tree*3 water*3 hole*3 lost nest*3 broke*3

    = play
    - {H.He} [sang a song|hummed a tune|danced along] on the way[| and felt happy].
    - (X:toy) {H} played with the {X} [all morning|for an hour|and laughed out loud].
    - (X:music) The {X} made [a sweet|a merry|a cheerful|a lovely] sound that everyone could hear.
    - (X:wear) Everyone [said how nice|saw how fine] the {X} looked.
    - (X:shiny) The {X} [shone|sparkled|gleamed] [in the sun|like a star|brightly].
    - "This is going to be [a good|a lovely|a happy|a wonderful] day," {H.he} thought.
    - It was so [nice|pleasant|lovely|peaceful] {Q.in} that {H} forgot the time.
    > tree*3 water*3 hole*3 lost nest*3 broke*3

    = show
    ? X:breaks
    ! H.at=home
    - <one-day>, {H} [cleaned|dusted|polished] the {X} [at home|by the window|on the table].
    - <one-day>, it rained, so {H} stayed at home with the {X}.
    - <one-day>, {H} sat at home and looked at the {X}.
    > broke
    """

  static let troubles = """
    = tree
    ? X:flies
    ! X.at=tree, S.problem=tree
    - [Suddenly|All at once], the wind [took|pulled|blew] the {X} away, and it got stuck in a tall tree.
    - But the wind [blew hard|was strong], and the {X} [sailed|flew|floated] up into a tall tree.
    - A [strong|sudden|cold|wild] wind [came|blew] [over|down from] the hills. Up went the {X}, right into the top of a tree.
    - Then a gust of wind carried the {X} into the branches of [an old oak|a tall tree|a high tree].
    - "Whoosh!" went the wind, and the {X} flew up and hung from the highest branch of a tree.
    > sad*2 try-tree

    = try-tree
    ? S.problem=tree
    - {H} jumped and jumped, but the branch was much too high.
    - {H.He} threw [a pine cone|a pebble|a small stone] at the branch, but the {X} did not [move|fall|come down].
    - {H} [shook the tree|pushed the tree|kicked the tree] as hard as {H.he} could. The {X} stayed where it was.
    - {H.He} tried to climb up, but {H.he} slid [right back down|down again and again].
    - {H.He} stood on a [stone|log|bucket] and stretched, but could not reach the {X}.
    > meet*6 other-tree

    = other-tree
    ? !O:flies, !O:climbs, !O?
    ! O.at=H
    - {A O.trait} {O.kind} named {O} tried to help. {O.He} jumped as high as {O.he} could, but {O.he} could not reach it either.
    - {O}, {a O.trait} {O.kind}, shook the tree too. Only [leaves|two leaves|an acorn|a pine cone] fell down.
    - {H.His} friend {O}, {a O.trait} {O.kind}, tried to reach the {X}, but {O.he} was too short.
    > meet

    = water
    ? Q:water
    ! X.at=water, S.problem=water
    - But {H} [tripped|slipped|stumbled], and the {X} fell into the water with a splash.
    - [Suddenly|All at once], the {X} slipped away and [dropped|fell|tumbled] into the deep water.
    - {H} leaned over to look at [a fish|the fish|a water lily]. Splash! The {X} fell into the water.
    - A [big|cold|sudden] wave came, and the {X} was swept into the water.
    - Then {H} let go for just a moment, and the {X} fell into the water.
    > sad*2 try-water

    = try-water
    ? S.problem=water
    - {H} reached out as far as {H.he} could, but the {X} was too far away.
    - {H.He} [put one foot|dipped a toe] into the water. It was [too cold|too deep|icy cold], and {H.he} could not swim.
    - {H.He} tried to pull the {X} out with a [thin|dry|little] twig, but the twig broke.
    - {H} ran along the shore, but {H.he} could not reach the {X}.
    - {H} wanted to jump in, but {H.he} did not know how to swim.
    > meet*6 other-water

    = other-water
    ? !O:swims, !O?
    ! O.at=H
    - {A O.trait} {O.kind} named {O} tried to reach it, but {O.he} only got wet [feet|up to the knees].
    - {H.His} friend {O}, {a O.trait} {O.kind}, leaned over the water. {O.He} could not reach the {X} either.
    - {O}, {a O.trait} {O.kind}, threw pebbles into the water to move the {X}. It did not come back.
    > meet

    = hole
    ? X:rolls
    ! X.at=hole, S.problem=hole
    - But the {X} [fell down|slipped away], rolled over the grass, and dropped into a deep, dark hole.
    - [Suddenly|All at once], the {X} rolled away and [fell|dropped|vanished] into a narrow hole in the ground.
    - {H} [tripped|stumbled] over a root, and the {X} rolled right into a hole.
    - Bump, bump, bump! The {X} rolled down the path and into a small hole under a rock.
    > sad*2 try-hole

    = try-hole
    ? S.problem=hole
    - {H} put {H.his} arm into the hole, but the hole was too deep.
    - {H.He} tried to dig, but the ground was [too hard|full of stones|hard and dry].
    - {H} looked into the hole. It was too narrow for {H.him}.
    - {H.He} called into the hole, "Come back, little {X}!" Of course, the {X} did not come.
    > meet*6 other-hole

    = other-hole
    ? !O:small, !O:digs, !O?
    ! O.at=H
    - {A O.trait} {O.kind} named {O} tried to squeeze into the hole, but {O.he} was much too big.
    - {H.His} friend {O}, {a O.trait} {O.kind}, tried to move the rock, but it was too heavy.
    - {O}, {a O.trait} {O.kind}, listened at the hole and shook {O.his} head. "It is very far down," {O.he} said.
    > meet

    = lost
    ! X.at=grass, S.problem=lost
    - But when {H} [looked down|stopped to rest|wanted to go home], the {X} was gone.
    - [Suddenly|Then] {H} saw that the {X} was gone. It must have been left behind [in the grass|on the path|somewhere].
    - (X:small) On the way, {H} ran [too fast|down a slope], and the {X} dropped into the tall grass without a sound.
    - (X:small) There was a hole in {H.his} bag, and the {X} slipped out. {H} did not notice until it was too late.
    - {H} put the {X} down [to pick flowers|to drink some water|to look at a snail], and then {H.he} could not find it again.
    > sad*2 search

    = nest
    ? X:shiny
    ! X.at=nest, S.problem=nest
    - But a magpie saw the {X} and [loved|liked] how it shone. It [snatched|grabbed] the {X} and flew to its nest.
    - [Suddenly|All at once], a magpie swooped down, took the {X}, and hid it in its nest.
    - {H} put the {X} on a [flat stone|bench|log] for a moment. A magpie picked it up and carried it to its nest.
    - "Kraa!" cried a magpie. It took the {X} in its beak and flew up to its nest.
    > sad*2 try-nest

    = try-nest
    ? S.problem=nest
    - {H} [shouted|called] and waved, but the magpie did not [listen|care|give it back].
    - "That is mine! Please give it back!" {H} [called|cried]. The magpie only [laughed|looked away].
    - {H.He} ran after the magpie as fast as {H.he} could, but the nest was high up on a [cliff|wall|tower].
    > meet

    = broke
    ? X:breaks
    ! X.is=broken, S.problem=broken
    - But {H} [tripped|stumbled|slipped], and the {X} fell down. Crack! It was broken.
    - [Suddenly|All at once], the {X} [dropped|fell] on the ground and broke [in two|into two pieces].
    - {H} turned around too fast. The {X} hit the [floor|ground] and a piece broke off.
    - Then came a loud crack. A piece of the {X} had broken off.
    > sad*2 try-fix

    = try-fix
    ? S.problem=broken
    - {H} tried to put the pieces together, but they [fell apart|would not stay|came apart] again.
    - {H.He} tied the pieces together with [grass|string|a bit of yarn], but it did not hold.
    - {H} pushed the pieces together and counted to [ten|twenty|a hundred]. When {H.he} let go, the {X} was still broken.
    > meet*3 hide

    = hide
    ! H.feels=worried
    - {H} hid the pieces [under a cloth|in a box|behind a bush] and hoped that nobody would see them.
    - "What will my <family> say?" {H} thought. {H.He} felt [worried|very worried].
    > meet
    """
}
