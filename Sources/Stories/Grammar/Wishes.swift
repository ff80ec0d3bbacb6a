extension StoryGrammar {
  /// The hero would like to have something: fruit on a branch, a thing in a shop, a cake for a friend.
  static let wishes = """
    = want-fruit
    ? X:fruit, Q:away
    ! X.at=tree, S.problem=tree, H.feels=hungry, H.at=Q
    - <one-day>, {H} was {Q.in} when {H.he} saw {a X} on the highest branch of a tree. {H.He} was so hungry!
    - <one-day>, {H} walked to {Q}. There, high up in a tree, hung {a X}. "I would love to eat that {X}," said {H}.
    - <one-day>, {H} was hungry. {H.He} went to {Q} and saw {a X}, but it hung from a tree, high above {H.his} head.
    > try-tree*4 meet

    = halve
    ? X:fruit, X.at=H
    ! X.at=both, F.feels=happy, H.feels=happy
    - {H} [cut|broke] the {X} in two and gave half to {F}. It was the best {X} they had ever eaten.
    - "Let us share," said {H}, and the {X} tasted twice as good.
    - {H} gave the bigger half of the {X} to {F}. "You earned it," {H.he} said.
    - They sat under the tree and ate the {X} together, bite by bite.
    > game promise close*2

    = want-shop
    ? X:own, Q:town
    ! X.at=shop, S.problem=shop, H.at=Q, H.feels=hopeful
    - <one-day>, {H} went to {Q} and saw {a X} in a shop window. How {H.he} wished to have it!
    - <one-day>, {H} stopped at a little shop {Q.in}. In the window lay {a X}. It was the finest {X} {H.he} had ever seen.
    - There was a little shop {Q.in}, and in its window stood {a X}. Every day, {H} went there just to look at it.
    > no-money

    = no-money
    ? S.problem=shop
    ! H.feels=sad
    - But {H} had no money at all, and that made {H.him} sad.
    - {H} looked into {H.his} purse. It was empty, and {H.his} heart sank.
    - {H.He} counted {H.his} pennies, once, twice, three times. There were not enough, and {H.he} sighed sadly.
    - {H} turned {H.his} pockets inside out and found only a nut. {H.He} felt sad.
    > keeper

    = keeper
    ? !F?
    ! F.at=shop
    - The shop belonged to {F}, {a F.trait} {F.kind}.
    - {F}, {a F.trait} {F.kind}, stood behind the counter and saw {H.his} face.
    - The door opened, and out came {F}, {a F.trait} {F.kind} who owned the shop.
    > offer

    = offer
    ? F.at=shop
    - "I need some help in the shop," said {F}. "Work for me for [a day|three days|a week], and the {X} is yours."
    - "You like the {X}, I see," said {F}. "You may earn it, if you help me."
    - "Could I work for the {X}?" asked {H}. {F} thought for a moment and nodded.
    - "I have no money, but I have two good hands," said {H}. {F} laughed. "Then you can help me and earn the {X}," {F.he} said.
    > work

    = work
    ! S.work=done
    - So {H} swept the floor, [washed the window|dusted the shelves|carried the boxes], and [fed the cat|watered the plants|sorted the buttons].
    - {H} worked hard. {H.He} [swept|mopped|cleaned] the floor, [carried boxes|carried wood], and never [complained|stopped to rest].
    - From morning till evening, {H} [carried baskets|stacked boxes|polished plates] and [swept the steps|washed the cups].
    - It was hard work, and {H.his} arms grew tired. But whenever {H} looked at the {X}, {H.he} smiled and went on.
    > earn

    = earn
    ? S.work=done
    ! X.at=H, H.feels=proud
    - At last, {F} took the {X} out of the window and gave it to {H}. "You have earned it," {F.he} said.
    - When the work was done, {F} [put|laid] the {X} in {H}'s hands. "Well done," {F.he} said.
    - "You are a good worker," said {F}, and {F.he} gave {H} the {X}.
    > thank-keeper close-proud

    = thank-keeper
    - "Thank you, {F}!" {H} said <gladly>. {H.He} hugged the {X} and felt [very|so] proud.
    - {H} thanked {F} and [ran|danced|skipped] all the way home.
    - {H} was so proud that {H.he} showed the {X} to everyone.
    > close-proud

    = close-proud
    - From that day on, {H} loved the {X} more than anything, because {H.he} had earned it.
    - {H} had learned that good things are worth [the work|working for|waiting for].
    - And even now, when {F} needs help in the shop, {H} [comes running|is always there].
    - That night, {H} put the {X} beside {H.his} bed and [slept|dreamed] like a king.
    - {H} was tired that night, but {H.he} had never been so [proud|happy].
    > end

    = bake
    ? T:ingredient, G:baked
    ! T.at=nobody, S.problem=bake, O.at=home
    - It was {O}'s birthday. {O} was {a O.trait} {O.kind}, and {H} wanted to bake {a G} for {O.him}. But there was no {T} in the house.
    - {H} wanted to surprise {H.his} friend {O}, {a O.trait} {O.kind}, with {a G}. But {H} looked on the shelf, and the {T} was [gone|missing].
    - {H.His} friend {O}, {a O.trait} {O.kind}, was ill in bed. "I will bake {a G} for {O}," said {H}. But {H.he} could not find the {T}.
    > bake-sad*2 bake-go

    = bake-sad
    ! H.feels=worried
    - "Without the {T}, there will be no {G}," {H} said, and {H.he} was worried.
    - {H} looked in every [jar|box|drawer], but there was nothing. {H.He} was worried.
    - "What shall I do?" thought {H}. {H.He} felt worried.
    > bake-go

    = bake-go
    ? !F?
    ! F.at=H
    - So {H.he} went next door to {F}, {a F.trait} {F.kind}, and knocked.
    - {H} ran to {F}, {a F.trait} {F.kind} who lived [nearby|next door|across the road].
    - <soon>, there was a knock at the door. It was {F}, {a F.trait} {F.kind}.
    > bake-tell

    = bake-tell
    ! T.at=F
    - "Do you have {a T.noun} for me?" asked {H}. "Of course I have," said {F}.
    - "I need {a T.noun} for {O}'s {G}," said {H}. "Then you are lucky," said {F}. "I have just what you need."
    - {H} told {F.him} about the {G} for {O}. "I have {a T.noun}!" cried {F}.
    > bake-give

    = bake-give
    ? T.at=F
    ! T.at=H, H.feels=happy
    - {F} gave {H} the {T}, and [they went to work|the baking began].
    - {F.He} [brought|fetched] the {T} and gave it to {H}. "May I help?" {F.he} asked.
    - {F} put the {T} into {H}'s hands. {H} thanked {F.him} with all {H.his} heart.
    > bake-do

    = bake-do
    ? T.at=H
    ! G.at=H
    - They mixed and stirred, and soon the {G} was in the oven. The whole house smelled [sweet|wonderful].
    - {H} stirred, {F} [counted the minutes|sang a song|kept the fire going], and at last the {G} was done.
    - There was flour on {H}'s nose and flour on {F}'s [nose|hat|arms], but the {G} was perfect.
    > bake-bring

    = bake-bring
    ? G.at=H
    ! G.at=O, O.feels=happy
    - {H} and {F} carried the {G} to {O}. "For me?" cried {O}. {O.He} [laughed|smiled] with joy.
    - When {H} gave {O} the {G}, {O.he} was so happy that {O.he} [danced|clapped {O.his} hands|could not speak].
    - {O} looked up, and {H} gave {O.him} the {G}. "This is the best day of the year!" said {O}.
    > bake-end

    = bake-end
    ? O.feels=happy
    - All three of them ate, laughed, and told stories until [late|evening|the moon came up].
    - And the {G}? It was gone before the [sun went down|tea was cold].
    - {H} had learned that the best {G} is the one you [share|make with friends].
    - "Next time, we will bake for you," {O} said to {F}, and all three laughed.
    - From that day on, {H}, {F}, and {O} baked together [every week|every Sunday|whenever it rained].
    > end
    """

  static let gifts = """
    = gift-plan
    ? X:own
    ! X.at=H, S.problem=gift, H.feels=happy
    - {H.His} best friend was {O}, {a O.trait} {O.kind}. For {O}'s birthday, {H} [bought|found|chose] {a X}.
    - {H.His} friend {O}, {a O.trait} {O.kind}, had a birthday. {H} wanted to give {O.him} {a X}.
    - {H} had a friend named {O}, {a O.trait} {O.kind}. "I will bring {O} {a X}," {H} thought one day, "just to make {O.him} happy."
    > set-out

    = set-out
    ? X.at=H
    ! H.at=road
    - {O} lived [far away|behind the mountains|at the other end of the valley]. {H} wrapped the {X} in [paper|cloth|green leaves] and set out.
    - {H.He} put the {X} into {H.his} bag and started on the long way to {O}, who lived [far away|a day away|behind the mountains].
    - The way to {O}'s house was long, but {H} [sang|hummed|whistled] as {H.he} walked, with the {X} under {H.his} arm.
    > river*3 rock*3 fog*3 rain*3

    = river
    ! S.block=river
    - But a wide river lay across the way, and the bridge was [gone|broken].
    - Then {H} came to a river. The water was deep and [fast|wild], and there was no bridge.
    - But the rain had washed the bridge away, and {H} could not cross the river.
    > stop

    = rock
    ! S.block=rock
    - But a [huge|great] rock had fallen on the path, and {H} could not get past it.
    - Then {H} came to a place where a big tree lay across the path. It was too [high|big] to climb over.
    - Halfway there, {H} stopped. A pile of stones blocked the path.
    > stop

    = fog
    ! S.block=fog
    - But a thick fog came up, and {H} could not see the path any more.
    - Then it grew dark, and {H} did not know whether to go left or right.
    - Soon the path split in three, and {H} had lost {H.his} way in the fog.
    > stop

    = rain
    ! S.block=rain
    - But dark clouds came up, and it began to [rain|snow] so hard that {H} could not go on.
    - Then a storm broke. The rain poured down, and {H} [shivered|was wet to the skin].
    - Halfway there, it started to rain. {H} held the {X} close to keep it dry.
    > stop

    = stop
    ! H.feels=worried
    - "Now I will never get to {O}," {H} [said|thought] sadly.
    - {H} sat down on a stone. {H.He} was worried about {O}'s gift.
    - "What now?" thought {H}. {H.He} looked at the {X} and was worried.
    - {H} did not want to turn back, because {O} was waiting. {H} was worried.
    > meet-road

    = meet-road
    ? !F?
    ! F.at=H
    @ meeting
    > ask-road

    = ask-road
    - "Where are you going?" asked {F}. "I am bringing the {X} to {O}," said {H}.
    - "You look worried," said {F}. "I must get to {O} with the {X}," {H} [said|answered].
    - {H} told {F.him} about {O} and the {X}. {F} listened and nodded.
    > over-swim over-log over-fly push-rock dig-rock climb-rock light-fog nose-fog hand-fog roof-rain coat-rain*2

    = over-swim
    ? S.block=river, F:swims
    ! S.block=none
    - "Climb on my back," said {F}. {F.He} swam across the river with {H} and the {X}.
    - "I am a good swimmer," said {F}. {F.He} pulled {H} across on a log, and the {X} did not even get wet.
    > arrive

    = over-log
    ? S.block=river
    ! S.block=none
    - "I know a place where the water is low," said {F}. There they crossed, stone by stone.
    - "Let us build a bridge," said {F}. Together they laid [a long log|a tree trunk] across the water and walked over.
    - "I have a little raft," said {F}, and {F.he} took {H} and the {X} safely across.
    > arrive

    = over-fly
    ? S.block=river, F:flies
    ! S.block=none
    - "Look, there is another bridge!" called {F}, who had flown up high. {F.He} led {H} to it.
    > arrive

    = push-rock
    ? S.block=rock, F:strong
    ! S.block=none
    - "Stand back," said {F}. {F.He} was very strong, and with one great push the path was free.
    - "That is nothing for me," said {F}. {F.He} rolled it aside as if it were a ball.
    > arrive

    = dig-rock
    ? S.block=rock, F:digs
    ! S.block=none
    - "Then we go under it," said {F}, and {F.he} dug a tunnel just wide enough for {H} and the {X}.
    > arrive

    = climb-rock
    ? S.block=rock
    ! S.block=none
    - "I know another way," said {F}, and {F.he} led {H} around through [the bushes|a hidden gap|the tall ferns].
    - "Climb on my shoulders," said {F}. {H} got over the top and pulled {F} up after {H.him}.
    - "Two are stronger than one," said {F}. They pushed together, and the path was free.
    > arrive

    = light-fog
    ? S.block=fog, T:light
    ! S.block=none, T.at=F
    - {F} had {a T}. {F.He} held it up high and showed {H} the way.
    - "I have {a T}," said {F}. "Come with me." The {T} lit the path, and they walked on together.
    > arrive

    = nose-fog
    ? S.block=fog, F:smells
    ! S.block=none
    - "I will follow my nose," said {F}. Sniff, sniff! {F.He} led {H} along the right path.
    > arrive

    = hand-fog
    ? S.block=fog
    ! S.block=none
    - "Take my hand," said {F}. "I know every path here." Step by step, they walked on together.
    - "I know the way," said {F}, and {F.he} walked ahead and sang so that {H} could follow {F.him}.
    > arrive

    = roof-rain
    ? S.block=rain
    ! S.block=none
    - "Come into my house," said {F}. They sat by the fire until the sky was clear again.
    - "I know a dry cave," said {F}. There they waited and told each other stories until the sun came out.
    > arrive

    = coat-rain
    ? S.block=rain, T:warmth
    ! S.block=none, T.at=H
    - "Take this," said {F}, and {F.he} gave {H} {a T}. It kept {H} and the {X} dry.
    - {F} had {a T} and put it around {H}. Now the rain could not stop {H.him}.
    > arrive

    = arrive
    ? S.block=none
    ! H.at=door
    - {H} thanked {F} and [hurried|ran|walked] on. At last {H.he} came to {O}'s house.
    - "Thank you, {F}!" said {H}. "Come with me to {O}!" Soon they reached the house.
    - Soon {H} saw {O}'s house [at the end of the path|between the trees|in the evening light].
    > hand-over

    = hand-over
    ? X.at=H
    ! X.at=O, O.feels=happy, H.feels=happy
    - {O} opened the door, and {H} gave {O.him} the {X}. "For me?" {O} cried <gladly>.
    - "Happy birthday!" said {H}, and {H.he} gave {O} the {X}. {O} was so happy that {O.he} [danced|sang|laughed out loud].
    - {H} put the {X} into {O}'s hands. {O.His} eyes shone. "It is the best gift I have ever had," {O.he} said.
    - {O} unwrapped the {X} and hugged {H}. {O.He} was very happy.
    > end-gift

    = end-gift
    ? X.at=O
    - And when {H} told {O} about {F}, {O} said, "Then {F} must be our friend too!"
    - {O} still has the {X} today, and every time {O.he} looks at it, {O.he} thinks of {H}.
    - That evening, {H} thought of {F}. Without {F.him}, {O} would still be waiting for the {X}.
    - {H} was tired from the long way, but {H.he} had never been happier.
    - {H} had learned that giving makes [you as happy as getting|two hearts happy at once].
    - They invited {F} too, and the three of them celebrated until [late|midnight|the stars came out].
    > end
    """
}
