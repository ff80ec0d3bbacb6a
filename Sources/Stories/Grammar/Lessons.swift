extension StoryGrammar {
  /// The hero learns something, grows something, or races.
  static let lessons = """
    = learn
    ! S.problem=learn, H.feels=hopeful
    - {H} wanted to learn how to swim. => S.skill=swim
    - All the others could swim, but {H} could not. How {H.he} wished to learn it! => S.skill=swim
    - {H} wanted to learn how to sing. => S.skill=sing
    - {H} dreamed of singing [in the choir|at the spring fair|on a real stage]. => S.skill=sing
    - {H} wanted to learn how to skate on the ice. => S.skill=skate
    - It was winter, and everyone was skating. {H} wanted to skate too. => S.skill=skate
    - {H} wanted to learn how to read. => S.skill=read
    - {H} loved books, but {H.he} could only look at the pictures. {H.He} wanted to read. => S.skill=read
    - {H} wanted to learn how to whistle. => S.skill=whistle
    - {H.His} <family> could whistle beautifully. {H} wanted to whistle too. => S.skill=whistle
    - {H} wanted to learn how to juggle. => S.skill=juggle
    - {H} had seen a juggler at the fair. From then on, {H.he} wanted to juggle too. => S.skill=juggle
    - {H} wanted to learn how to dance. => S.skill=dance
    - There was to be a big dance {P.in}. {H} wanted to learn how to dance. => S.skill=dance
    > fail

    = fail
    ! H.feels=sad
    - (S.skill=swim) {H.He} jumped into the water, but {H.he} sank like a stone. {H.He} felt sad.
    - (S.skill=swim) {H.He} splashed and kicked, but {H.he} only swallowed water. {H.He} felt sad.
    - (S.skill=sing) But whenever {H.he} sang, {H.his} voice cracked, and that made {H.him} sad.
    - (S.skill=sing) But {H.his} song sounded like a [rusty gate|squeaky door]. {H.He} felt sad.
    - (S.skill=skate) But {H.he} slipped, and fell, and slipped again. {H.He} felt sad.
    - (S.skill=skate) {H.He} took one step on the ice and sat down with a bump. {H.He} felt sad.
    - (S.skill=read) But the letters [danced before {H.his} eyes|looked like little ants]. {H.He} felt sad.
    - (S.skill=read) {H.He} stared at the page for an hour, but it did not say a word to {H.him}. {H.He} felt sad.
    - (S.skill=whistle) {H.He} blew and blew, but no sound came out. {H.He} felt sad.
    - (S.skill=whistle) But all that came out was [air|a hiss|a long puff]. {H.He} felt sad.
    - (S.skill=juggle) But the balls [fell on {H.his} head|rolled under the bed|went everywhere]. {H.He} felt sad.
    - (S.skill=juggle) {H.He} threw three balls up, and three balls fell down. {H.He} felt sad.
    - (S.skill=dance) But {H.he} stepped on {H.his} own feet, and that made {H.him} sad.
    - (S.skill=dance) {H.He} turned around once and fell over a chair. {H.He} felt sad.
    > give-up*2 teacher*2

    = give-up
    ? H.feels=sad
    - "I will never learn it," {H} said <sadly>.
    - {H} tried it again, and again it went wrong. {H.He} wanted to give up.
    - "Maybe it is too hard for me," {H} thought.
    > teacher

    = teacher
    ? !F?
    ! F.at=H
    - (S.skill=swim, F:swims) {A F.trait} {F.kind} named {F} was watching from the shore. {F} swam better than anyone.
    - (S.skill=swim) <soon>, {a F.trait} {F.kind} named {F} came to the shore.
    - (S.skill=sing) {A F.trait} {F.kind} named {F} heard the song through the window and knocked at the door.
    - (S.skill=skate) {A F.trait} {F.kind} named {F} slid over the ice and stopped beside {H}.
    - (S.skill=read) {A F.trait} {F.kind} named {F} sat down beside {H} and looked at the book.
    - (S.skill=whistle) {A F.trait} {F.kind} named {F} came along the road, whistling like a bird.
    - (S.skill=juggle) {A F.trait} {F.kind} named {F} picked up the balls and gave them back to {H}.
    - (S.skill=dance) {A F.trait} {F.kind} named {F} heard the music and came in.
    - {F}, {a F.trait} {F.kind} who lived nearby, [had seen it all|saw how sad {H} was].
    > offer-teach

    = offer-teach
    - "I can teach you," said {F}. "It is not as hard as it looks."
    - "Nobody can do it the first time," said {F}. "Let me help you."
    - "Do you know how often I failed?" asked {F}. "A hundred times! Come, I will show you."
    - "Would you teach me?" asked {H}. "With pleasure," said {F}.
    > teach

    = teach
    - (S.skill=swim) {F} held {H} in the water and showed {H.him} how to move {H.his} arms and legs.
    - (S.skill=swim) "First you learn to float," said {F}. {H} lay on the water and looked at the sky.
    - (S.skill=sing) "Breathe first, then sing," said {F}. They sang one note, then two, then three.
    - (S.skill=sing) {F} taught {H} to listen first. They listened to the wind, to the rain, and to the birds.
    - (S.skill=skate) {F} took {H} by both hands and pulled {H.him} slowly over the ice.
    - (S.skill=skate) "Bend your knees and look ahead," said {F}. {H} did as {F.he} said.
    - (S.skill=read) {F} showed {H} one letter every day. On Monday they learned A, and on Tuesday they learned B.
    - (S.skill=read) {F} drew a letter in the sand, and {H} drew it too, again and again.
    - (S.skill=whistle) "Make your lips round, and think of something happy," said {F}.
    - (S.skill=whistle) {F} showed {H} how to hold {H.his} lips and blow very softly.
    - (S.skill=juggle) "Start with one ball," said {F}. Then they took two, and at last three.
    - (S.skill=juggle) {F} showed {H} how to throw the balls in a circle and never look at {H.his} hands.
    - (S.skill=dance) {F} counted, "One, two, three," and {H} moved {H.his} feet, one, two, three.
    - (S.skill=dance) "Listen to the drum," said {F}. {H} closed {H.his} eyes and began to sway.
    > practice*3 succeed

    = practice
    - {H} practiced every [day|morning|evening], even when {H.he} was tired.
    - Sometimes {H} wanted to stop, but {F} said, "One more time!"
    - {H} made many mistakes, and {F} never laughed at {H.him}.
    - Every day it went a little better.
    - A week went by, and then another. {H} did not give up.
    > succeed

    = succeed
    ! H.feels=proud
    - (S.skill=swim) And then, one day, {H} swam all the way to the other shore. {H.He} was so proud!
    - (S.skill=sing) And then, one day, {H} sang so beautifully that the birds stopped to listen. {H.He} was so proud!
    - (S.skill=skate) And then, one day, {H} skated in a big circle without falling once. {H.He} was so proud!
    - (S.skill=read) And then, one day, {H} read a whole story aloud. {H.He} was so proud!
    - (S.skill=whistle) And then, one day, a clear, bright whistle rang through the air. {H} was so proud!
    - (S.skill=juggle) And then, one day, the balls flew in a perfect circle. {H} was so proud!
    - (S.skill=dance) And then, one day, {H} danced so lightly that everyone clapped. {H.He} was so proud!
    - "I can do it!" cried {H} one morning. "Look, {F}, I can do it!" {H.He} was so proud.
    > cheer*3 close-learn

    = cheer
    ? H.feels=proud
    - "I knew it!" said {F}, and {F.he} [clapped {F.his} hands|hugged {H}|danced with joy].
    - {F} laughed <happy>. "Now you are a master," {F.he} said.
    - "Thank you for your patience," {H} said to {F}.
    - Everyone came to see it, and {F} cheered the loudest.
    > close-learn

    = close-learn
    ? H.feels=proud
    - {H} had learned that you can do almost anything if you do not give up.
    - Now {H} teaches the little ones, and when they fail, {H.he} says, "One more time!"
    - From that day on, {H} and {F} [met every day|were the best of friends].
    - And every time it goes wrong, {H} thinks of {F} and tries again.
    - That night, {H} dreamed of it and smiled in {H.his} sleep.
    > end

    = seed
    ? X:plant
    ! X.at=ground, S.problem=seed, H.feels=hopeful
    - One spring day, {H} found a {X} seed and [planted it behind {H.his} house|put it into the warm earth|made a little bed for it in the garden].
    - {H.His} <family> gave {H.him} a {X} seed. {H} planted it [behind the house|in the best place in the garden|by the fence].
    - {H} had never grown anything. One spring day, {H.he} put a {X} seed into the ground.
    > wait

    = wait
    ? X.at=ground
    ! H.feels=sad
    - Every morning {H.he} looked, but nothing [happened|came up]. That made {H.him} sad.
    - A day went by, then a week. Where was the {X}? {H} felt sad.
    - "Grow, grow!" {H.he} told it. But the earth stayed brown, and {H} was sad.
    - After three days, {H.he} wanted to dig it up again. "It will never grow," {H.he} said sadly.
    > gardener

    = gardener
    ? !F?
    ! F.at=H
    - {F}, {a F.trait} {F.kind}, looked over the fence.
    - <soon>, {a F.trait} {F.kind} named {F} came by with a watering can.
    - {A F.trait} {F.kind} named {F} heard {H.him} and came into the garden.
    > advice

    = advice
    - "A seed needs water, sun, and time," said {F}.
    - "Give it a little water every day," said {F}, "and do not forget to wait."
    - "It is working under the ground, where you cannot see it," said {F}.
    - "The best things grow slowly," said {F}. "Let us take care of it together."
    > tend

    = tend
    - So {H} watered it every morning, and {F} pulled out the weeds.
    - So {H} waited. {H.He} watered the earth, and sometimes {H.he} and {F} sang to it.
    - The rain came, and the sun came, and {H} and {F} looked after it every day.
    > sprout

    = sprout
    ! X.at=garden, H.feels=happy
    - And one morning, there was a tiny green leaf! {H} [jumped|danced] for joy.
    - Then, one day, something green came out of the earth. "It is here!" cried {H} <gladly>.
    - And one day, {H} woke up and saw two small leaves in the sun. {H.He} was so happy that {H.he} ran to tell {F}.
    > grow

    = grow
    ? X.at=garden
    - The {X} grew and grew until it was the biggest {X} that anyone had ever seen.
    - All summer long, the {X} grew. Soon it was bigger than {H}.
    - It grew into a {X} so fine that everyone came to look at it.
    > close-seed*2 pull-up

    = pull-up
    ? !O?, X.at=garden
    ! O.at=H, X.at=H
    - (!X:flower) When it was time to bring it in, {H} pulled, and {F} pulled, but it did not move. Then {O}, {a O.trait} {O.kind}, pulled too, and out came the {X}!
    - (!X:flower) The {X} was so heavy that {H} and {F} could not lift it. They called {O}, {a O.trait} {O.kind}, and the three of them carried it home.
    - (X:flower) They gave the {X} to {O}, {a O.trait} {O.kind} who was ill in bed, and {O} smiled for the first time in days. => X.at=O
    > close-seed

    = close-seed
    ? H.feels=happy
    - {H} had learned that good things [take time|grow slowly|need care and time].
    - The next spring, {H} and {F} planted a whole row of seeds.
    - And every time {H} has to wait for something, {H.he} thinks of the {X}.
    - {H} gave some of the seeds to {F}, and the next year there was one in {F.his} garden too.
    > end

    = race
    ? Q:away
    ! S.problem=race, H.feels=excited
    - {A F.trait} {F.kind} named {F} and {H} wanted to run a race to {Q}. {H} was very excited.
    - There was a big race to {Q}. {H} wanted to win, and so did {F}, {a F.trait} {F.kind}. {H.He} was very excited.
    - "I am faster than you," said {F}, {a F.trait} {F.kind}. "Let us run to {Q} and see!" said {H}, who was very excited.
    > run

    = run
    ? S.problem=race
    - "Ready, steady, go!" They ran [side by side|like the wind|over stones and roots].
    - Off they went! First {F} was ahead, and then {H} was.
    - They ran as fast as they could, and {H} was a little bit faster.
    > fall-down

    = fall-down
    ! F.feels=hurt
    - But halfway there, {F} [tripped|stumbled|slipped] and fell. "Ouch!" {F.he} cried. {F.His} [knee|foot|leg] hurt.
    - Suddenly {H} heard a cry behind {H.him}. {F} had fallen and held {F.his} [knee|foot|leg].
    - Then {F} stepped into a hole and could not run any more. {F.His} [knee|foot|leg] hurt badly.
    > choose

    = choose
    - {H} could see the end of the race, but {H.he} [stopped and turned back|ran back to {F}].
    - {H} looked ahead, and {H} looked back. Then {H.he} turned around.
    - "I could win now," thought {H}. But {H.he} did not want to win like that, so {H.he} [went|ran] back.
    > carry

    = carry
    ? F.feels=hurt
    ! H.at=goal, F.feels=happy
    - {H.He} let {F} lean on {H.him}, and step by step, they reached the end of the race together.
    - {H.He} tied a cloth around it and helped {F} up. They walked on arm in arm until they were there.
    - "Lean on me," {H.he} said, and they came to the end of the race at the same time. {F} could smile again.
    > prize*3 close-race

    = prize
    ? X:prize, H.at=goal
    ! X.at=both, H.feels=proud
    - There {O}, {a O.trait} {O.kind}, was waiting with the prize. "You have both won," {O.he} said, and {O.he} gave them {a X}.
    - Everyone clapped and cheered. {O}, {a O.trait} {O.kind}, gave {a X} to the two of them.
    - "I have never seen a better race," said {O}, {a O.trait} {O.kind}. The prize was {a X}, and it was for both of them.
    > close-race

    = close-race
    - {H} did not win the race, but {H.he} won a friend.
    - {H} had learned that [a friend is worth more than a prize|it is better to be kind than to be first].
    - The next year, they ran again, and they [laughed|held hands] all the way.
    - (X.at=both) One week the {X} stands in {H}'s house, and the next week it stands in {F}'s.
    - "You are the real winner," said {F}, and {H} blushed.
    > end
    """
}
