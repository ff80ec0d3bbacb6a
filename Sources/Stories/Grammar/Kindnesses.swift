extension StoryGrammar {
  /// The hero finds someone in need, or someone to be friends with.
  static let kindnesses = """
    ~ cry a soft cry|a small voice|someone sobbing|a faint sound|someone calling

    = find-trouble
    ? Q:away
    ! H.at=Q
    - <one-day>, {H} was walking {Q.in} when {H.he} heard <cry>.
    - <one-day>, {H} went for a walk to {Q}. There {H.he} heard <cry>.
    - <one-day>, {H} came home from {Q}. On the path {H.he} heard <cry>.
    - <one-day>, {H} was on {H.his} way to {Q}. "Help!" called a small voice.
    > found-mud*2 found-cold*2 found-hungry*2 found-way*2 found-thorn*2

    = found-mud
    ! F.at=mud, F.feels=scared, S.problem=mud
    - It was {F}, {a F.trait} {F.kind}, who was stuck in deep mud. {F.He} looked scared.
    - {A F.trait} {F.kind} named {F} had [fallen|slid] into the mud and could not get out. {F.He} was <very> scared.
    - There in the mud sat {F}, {a F.trait} {F.kind}. The more {F.he} moved, the deeper {F.he} sank.
    > pull-mud*3 strong-mud

    = pull-mud
    ? T:long
    ! T.at=H
    - {H} looked around and found {a T}. "Hold on to this!" {H.he} called.
    - Luckily, {H} had {a T} with {H.him}. {H.He} held it out to {F}.
    - "Do not move!" called {H}. {H.He} ran to fetch {a T} and came right back.
    > out-mud

    = out-mud
    ? T.at=H
    ! F.at=H, F.feels=happy
    - {F} held on to one end of the {T}, and {H} pulled at the other. Pop! {F} was free.
    - {H} pulled and pulled at the {T}. With a loud plop, {F} came out of the mud.
    - {H} held the {T} with all {H.his} strength, and {F} climbed out, inch by inch.
    > thank-hero

    = strong-mud
    ? H:strong
    ! F.at=H, F.feels=happy
    - {H} was strong. {H.He} took {F}'s hands and pulled {F.him} out with one great tug.
    > thank-hero

    = found-cold
    ! F.at=H, F.feels=cold, S.problem=cold
    - It was {F}, {a F.trait} {F.kind}, who sat under a bush, wet and cold.
    - {A F.trait} {F.kind} named {F} [sat|stood] there in the cold wind and shivered.
    - There, in the snow, sat {F}, {a F.trait} {F.kind}. "I am so cold," {F.he} whispered.
    > warm-up

    = warm-up
    ? T:warmth
    ! T.at=H
    - {H} had {a T} with {H.him} and did not think twice.
    - {H} ran home as fast as {H.he} could and came back with {a T}.
    - "Wait, I have {a T}!" said {H}, and {H.he} took it out of {H.his} bag.
    > warmed

    = warmed
    ? T.at=H
    ! T.at=F, F.feels=happy
    - {H.He} gave the {T} to {F}. Soon {F} was warm and could smile again.
    - {H.He} put the {T} around {F}'s shoulders, and slowly {F} stopped shivering.
    - "Keep it," said {H}, and {H.he} put the {T} around {F}. {F} had never felt so warm.
    > thank-hero

    = found-hungry
    ! F.at=H, F.feels=hungry, S.problem=hungry
    - It was {F}, {a F.trait} {F.kind}. "I have not eaten since yesterday," {F.he} said.
    - {A F.trait} {F.kind} named {F} sat there and held {F.his} empty stomach.
    - There sat {F}, {a F.trait} {F.kind}. {F.He} was so hungry that {F.he} could not walk any more.
    > feed

    = feed
    ? G:food
    ! G.at=H
    - {H} opened {H.his} bag. There was {a G} inside, and {H} was hungry too.
    - {H} had only {a G} with {H.him}.
    - "I have {a G}," said {H}. It was all that {H.he} had.
    > fed

    = fed
    ? G.at=H
    ! G.at=F, F.feels=happy
    - {H.He} gave the {G} to {F}, and {F} ate it all up.
    - "Please take the {G}," said {H}, and {H.he} gave it to {F}. [It was gone in no time|{F} ate and ate, and smiled again].
    - But {H.he} did not think long and gave the whole {G} to {F}.
    > thank-hero

    = found-way
    ! F.at=H, F.feels=scared, S.problem=way
    - It was {F}, {a F.trait} {F.kind}, who had lost {F.his} way. {F.He} was <very> scared.
    - {A F.trait} {F.kind} named {F} sat under a tree and did not know how to get home. {F.He} was <very> scared.
    - There stood {F}, {a F.trait} {F.kind}. "I cannot find my way home," {F.he} sobbed.
    > lead-home

    = lead-home
    ! F.feels=happy
    - {H} took {F} by the hand. They asked everyone they met, until they [found|saw] {F}'s [house|home].
    - "I will take you home," said {H}. They followed the [stream|path|stone wall] until {F} saw {F.his} own front door.
    - "Tell me what your home looks like," said {H}. It had a [blue|green|red] door and a [crooked chimney|small fence], and {H} knew where it was.
    > thank-hero

    = found-thorn
    ! F.at=H, F.feels=hurt, S.problem=thorn
    - It was {F}, {a F.trait} {F.kind}, with a thorn in {F.his} foot. It hurt so much that {F.he} cried.
    - {A F.trait} {F.kind} named {F} had stepped on a thorn and sat by the path with tears in {F.his} eyes.
    > pull-thorn

    = pull-thorn
    ! F.feels=happy
    - "Hold still," {H} said <kindly>. {H.He} pulled out the thorn, and the pain was gone.
    - {H} looked at the foot closely and pulled out the thorn. Then {H.he} [blew on it|put a cool leaf on it|washed it with clear water], and soon {F} could walk again.
    - "Count to three," said {H}. "One, two..." And before {F} could say three, the thorn was out.
    > thank-hero

    = thank-hero
    ? F.feels=happy
    ! H.feels=happy
    - "Thank you, {H}!" said {F}. "I will never forget [this|what you did]."
    - {F} hugged {H}. "You are so kind," {F.he} said.
    - {F} laughed <happy>. "How can I thank you?" {F.he} asked. "Just be my friend," said {H}.
    - "You saved me!" cried {F}, and {H} blushed a little.
    > later*4 give-thanks*2 close-kind

    = give-thanks
    ? X:own
    ! X.at=H
    - Then {F} gave {H} {a X}. "It is all I have, and it is yours," {F.he} said.
    - The next morning, {H} found {a X} at {H.his} door. It was from {F}.
    - {F} came back the next day and gave {H} {a X} as a gift.
    > close-kind

    = later
    ? X:own, X:small
    ! X.at=grass, H.feels=sad
    - A week later, {H} lost {a X} that {H.he} loved. {H.He} searched everywhere and was <very> sad.
    - Some days later, {H} could not find {H.his} {X.full}. {H.He} was <very> sad.
    - Not long after that, {H} dropped {a X} somewhere on the way. {H.He} was <very> sad about it.
    > repay

    = repay
    ? X.at=grass
    ! X.at=F
    - {F} heard about it and searched from morning till night. At last {F.he} found the {X}.
    - "Now it is my turn to help," said {F}. {F.He} looked under every stone until {F.he} found the {X}.
    - But {F} had not forgotten. {F.He} got up before the sun and looked until {F.he} found the {X}.
    > repaid

    = repaid
    ? X.at=F
    ! X.at=H, H.feels=happy
    - {F.He} brought the {X} to {H}. "You helped me, so I helped you," {F.he} said.
    - {F} gave the {X} to {H}, and {H} laughed with joy.
    - When {F} put the {X} into {H}'s hand, {H.he} [smiled|beamed] from ear to ear.
    > close-kind

    = close-kind
    ? H.feels=happy
    - From that day on, {H} and {F} were the best of friends.
    - {H} had learned that kindness always [comes back|finds its way home].
    - And so a small kind deed became the beginning of a great friendship.
    - {H} went to bed that night with a warm heart.
    - Since then, whenever someone is in need, {H} and {F} are the first to come.
    - (X.at=H) {H} still has the {X} and thinks of {F} whenever {H.he} looks at it.
    - (T.at=F, S.problem=cold) {F} still has the {T}, and every winter {F.he} thinks of {H}.
    > end

    = lonely
    ! H.feels=lonely, S.problem=lonely
    - {H} had just moved there and did not know anyone. {H.He} felt lonely.
    - {H} had many [books|toys|stories] but no one to share them with. {H.He} often felt lonely.
    - All the others had someone to play with. Only {H} was always alone, and {H.he} felt lonely.
    > see-play

    = see-play
    ? X:toy, Q:away
    ! X.at=F, H.at=Q
    - <one-day>, {H} saw {a F.trait} {F.kind} {Q.in}. It was {F}, who was playing with {a X}.
    - <one-day>, {H} went to {Q}. There {a F.trait} {F.kind} named {F} played with {a X}.
    - <one-day>, {F}, {a F.trait} {F.kind}, came to {Q} with {a X}. {H} watched from behind a tree.
    > shy*3 roll-here

    = shy
    ? H.feels=lonely
    - {H} wanted to ask if {H.he} could play too, but {H.he} was too shy.
    - "I wish I could play with {F.him}," thought {H}, but {H.he} did not dare to say it.
    - {H} took one step, and then [one step back|stopped]. What if {F} did not like {H.him}?
    > roll-here

    = roll-here
    ? X.at=F
    ! X.at=H
    - (X:rolls) Then the {X} rolled across the grass and stopped right at {H}'s feet. {H} picked it up.
    - (X:flies) Then the wind blew the {X} right into {H}'s arms.
    - (!X:rolls, !X:flies) Then {F} went to get a drink and left the {X} behind. {H} picked it up.
    - (!X:rolls, !X:flies) When {F} had to go home, {F.he} forgot the {X}. {H} picked it up and ran after {F.him}.
    > give-back

    = give-back
    ? X.at=H
    ! X.at=F
    - {H.He} took a deep breath and gave the {X} back to {F}. "This is yours," {H.he} said.
    - "I think you lost this," said {H}, and {H.he} gave {F} the {X}.
    - "Here is your {X}," {H} said in a small voice, and {H.he} gave it to {F}.
    > invite

    = invite
    ? X.at=F
    ! H.feels=happy
    - "Thank you!" said {F}. "Do you want to play with me?" {H}'s heart jumped for joy.
    - {F} smiled. "It is more fun with two," {F.he} said. "Come and play!" {H} had never been so happy.
    - "What is your name?" asked {F}. "{H}," said {H}. "Come, {H}, let us play!" said {F}, and {H} was very happy.
    > play-two

    = play-two
    ? H.feels=happy
    - They played with the {X} until [the sun went down|it was dark|they were tired].
    - They took turns with the {X} and laughed [all afternoon|until their sides hurt].
    - First {F} had the {X}, then {H}, then {F} again, and the hours flew by.
    > close-lonely

    = close-lonely
    ? H.feels=happy
    - From that day on, {H} was never lonely again.
    - That night, {H} told the moon, "I have a friend."
    - {H} had learned that you only need [to be brave for a moment|one small word|one good friend].
    - "Will you come again tomorrow?" asked {F}. "[Of course|Yes, yes, yes]!" said {H}.
    - And the next day, {F} was already waiting for {H} at the door.
    > end

    = night
    ? T:light
    ! T.at=H, H.feels=scared, S.problem=night
    - One [dark|stormy|cold|windy] night, {H} heard a strange [noise|sound] outside. {H.He} was scared, but {H.he} took {a T} and went to look.
    - One night, there was a scratching at the window. {H}'s heart beat fast. {H.He} lit {a T} and opened the door, though {H.he} was scared.
    - "Who is there?" called {H} one [dark|stormy|cold|windy] night. Nobody answered. {H.He} was scared, but {H.he} picked up {a T} and went out.
    > night-look*2 night-find

    = night-look
    ? T.at=H
    - The {T} shook in {H.his} hand. Step by step, {H.he} went on.
    - {H.He} held up the {T}. Behind the [shed|fence|well], something moved.
    - "I am not afraid," {H.he} told {H.himself}, and {H.he} held the {T} a little higher.
    > night-find

    = night-find
    ! F.at=H, H.feels=surprised, F.feels=scared
    - In the light of the {T} sat {a F.trait} {F.kind}. "I am {F}," {F.he} said, "and I am afraid of the dark."
    - And what did {H.he} find? {A F.trait} {F.kind} named {F}, who was even more scared than {H.he} was.
    - It was no ghost. It was only {F}, {a F.trait} {F.kind}, who had lost {F.his} way in the dark.
    > night-in

    = night-in
    ? G:food
    ! G.at=F, F.feels=happy, H.feels=happy
    - "Come in," said {H}. {H.He} gave {F} {a G} and a [place by the fire|soft pillow|warm bed], and {F} was happy again.
    - {H} laughed and took {F} into the house. There {H.he} gave {F.him} {a G}, and soon both of them were happy.
    > night-thank

    = night-thank
    ? F.feels=happy
    - "I was so afraid," said {F}. "So was I," said {H}, and they laughed.
    - "Thank you for the {G}," said {F}. "You are [very kind|so brave]."
    - {F} ate the {G} and told {H} [about {F.his} long way|a funny story], and the night was not dark any more.
    > close-night

    = close-night
    - In the morning, {H} took {F} home, and they were friends from then on.
    - {H} had learned that [what we fear is often small|the dark is full of friends|being brave means going on when you are scared].
    - After that night, {H} was never afraid of strange noises again.
    - And the {T}? {H} put it in the window every night, so that nobody would be lost.
    > end
    """
}
