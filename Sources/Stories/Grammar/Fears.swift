extension StoryGrammar {
  /// The hero is afraid, or has lost the way.
  static let fears = """
    = afraid
    ! H.feels=scared, S.problem=afraid
    - But {H} was afraid of the dark. => S.fear=dark
    - There was only one thing that scared {H.him}, and that was the dark. => S.fear=dark
    - But {H} was afraid of thunder. => S.fear=thunder
    - There was only one thing that scared {H.him}, and that was thunder. => S.fear=thunder
    - But {H} was afraid of high places. => S.fear=height
    - There was only one thing that scared {H.him}, and that was looking down from high up. => S.fear=height
    > frightened

    = frightened
    ? H.feels=scared
    - (S.fear=dark) One night the light went out. {H} pulled the blanket over {H.his} head and did not dare to move.
    - (S.fear=dark) When the sun went down, {H} saw a monster in every corner.
    - (S.fear=dark) Every evening, {H} hid under the bed until it was morning.
    - (S.fear=thunder) One evening, black clouds came up. Boom! {H} hid under the [table|bed|stairs].
    - (S.fear=thunder) One night, a storm came. At the first clap of thunder, {H} [held {H.his} ears|began to shake|crept into a corner].
    - (S.fear=height) One day, {H.he} had to cross a high bridge. {H.His} knees shook, and {H.he} could not take a step.
    - (S.fear=height) One day, all the others climbed up a tower. {H} stayed below and looked at the ground.
    > hide-fear*2 comfort-meet*2

    = hide-fear
    ? H.feels=scared
    - {H} did not want anyone to know about it.
    - "I am such a coward," {H} whispered.
    - {H.He} closed {H.his} eyes and counted to ten, but it did not help.
    - "If only somebody were here," thought {H}.
    > comfort-meet

    = comfort-meet
    ? !F?
    ! F.at=H
    - Then there was a knock. It was {F}, {a F.trait} {F.kind}.
    - {F}, {a F.trait} {F.kind}, found {H.him} there and sat down beside {H.him}.
    - <soon>, {a F.trait} {F.kind} named {F} took {H.him} by the hand.
    - {H} heard a soft voice. "I am {F}," said {a F.trait} {F.kind}. "May I stay with you?"
    > confess

    = confess
    ? H.feels=scared
    - (S.fear=dark) "I am afraid of the dark," {H} whispered.
    - (S.fear=thunder) "I am afraid of the thunder," {H} whispered.
    - (S.fear=height) "I am afraid to fall," {H} whispered.
    - "Please do not laugh, but I am afraid," said {H}. {F} did not laugh.
    - "I was afraid too when I was small," said {F}. {H} looked up. "Really?" {H.he} asked.
    > light-dark*3 stars-dark*2 count-thunder hand-height any-fear

    = light-dark
    ? S.fear=dark, T:light
    ! T.at=F
    - {F} had brought {a T}. "Look around," {F.he} said, and {F.he} shone it into every corner.
    - "I have {a T}," said {F}. In its light, the monster in the corner was only a [chair|coat|broom].
    > give-light

    = give-light
    ? T.at=F
    ! T.at=H, H.feels=brave
    - Then {F.he} gave the {T} to {H}. "It is yours now," {F.he} said, and {H} felt brave.
    - {F} put the {T} into {H}'s hand. With the {T}, {H} felt brave.
    - "Keep the {T}," said {F}, and {F.he} gave it to {H}. {H} held it tight and felt brave.
    > brave

    = stars-dark
    ? S.fear=dark
    ! H.feels=brave
    - {F} led {H} to the window and showed {H.him} the stars. "Without the dark, we could not see them," {F.he} said. {H} felt brave.
    - "Listen," said {F}. "The dark is full of soft sounds." They heard the wind and an owl, and {H} felt brave.
    > brave

    = count-thunder
    ? S.fear=thunder
    ! H.feels=brave
    - "Let us count," said {F}. After every flash they counted, and every time the thunder was farther away. {H} felt brave.
    - "The clouds are only playing the drums," said {F}. {H} laughed and drummed on a pot. {H.He} felt brave.
    - {F} sang a song, louder than the thunder. {H} sang too and felt brave.
    > brave

    = hand-height
    ? S.fear=height
    ! H.feels=brave
    - "Take my hand and look at me," said {F}. Step by step, they went up and on, and {H} felt brave.
    - "Do not look down, look at the far hills," said {F}. {H} took one step, then another, and felt brave.
    > brave

    = any-fear
    ! H.feels=brave
    - {F} held {H}'s hand until {H} was calm again. With a friend beside {H.him}, {H} felt brave.
    - "Being brave does not mean that you are not afraid," said {F}. {H} thought about that and felt brave.
    > brave

    = brave
    ? H.feels=brave
    ! H.feels=proud
    - (S.fear=dark) That night, {H} put out the light {H.himself}. {H.He} was very proud.
    - (S.fear=dark) The next evening, {H} walked through the dark garden, once around the house. {H.He} was very proud.
    - (S.fear=thunder) When the next storm came, {H} sat at the window and watched it. {H.He} was very proud.
    - (S.fear=thunder) "Is that all?" {H} called to the thunder. {H.He} was very proud.
    - (S.fear=height) Then {H} stood high above the valley and saw the whole world. {H.He} was very proud.
    - (S.fear=height) "I did it!" {H} called from high above. {H.He} was very proud.
    > thank-brave*2 close-brave

    = thank-brave
    - "Thank you, {F}," said {H}. "Without you I would still be [hiding|shaking|afraid]."
    - {H} hugged {F} for a long time.
    - "You were brave all along," {F} said <kindly>.
    > close-brave

    = close-brave
    ? H.feels=proud
    - (T.at=H) The {T} still stands beside {H}'s bed, but {H.he} does not need it any more.
    - {H} had learned that fear grows small when you share it.
    - And when somebody else is afraid, {H} says, "Take my hand."
    - From that day on, {H} and {F} were the best of friends.
    - {H} fell asleep that night with a smile on {H.his} face.
    > end

    = way
    ? Q:wild
    ! H.at=Q, S.problem=lostway
    - <one-day>, {H} went to {Q} to [pick berries|look for mushrooms|pick flowers|look for acorns]. {H.He} went farther and farther.
    - <one-day>, {H} followed a [butterfly|bright bird|strange sound] to {Q}. {H.He} did not look where {H.he} was going.
    > lose-way

    = lose-way
    ! H.feels=scared
    - When it grew dark, {H} did not know the way home. {H.He} was <very> scared.
    - Then a fog came up, and all the paths looked the same. {H} was lost and <very> scared.
    - "Where am I?" {H.he} asked. Nobody answered. {H} was <very> scared.
    > call*2 meet-way

    = call
    ? H.feels=scared
    - "Hello! Is anybody there?" {H.he} called. Only [an owl|the wind|an echo] answered.
    - {H.He} walked in a circle and came back to the same [tree|rock|stump].
    - {H.He} sat down under a tree and wrapped {H.his} arms around {H.his} knees.
    > meet-way

    = meet-way
    ? !F?
    ! F.at=H
    @ meeting
    > tell-way

    = tell-way
    - "I cannot find my way home," {H} said <sadly>.
    - "Are you lost?" asked {F}. {H} nodded.
    - "What are you doing here so late?" asked {F}. "I am lost," said {H}.
    > way-light*2 way-fly*2 way-nose*2 way-hand*2 way-stars

    = way-light
    ? T:light
    ! T.at=F
    - {F} had {a T}. "Come, I will bring you home," {F.he} said.
    - "Do not be afraid, I have {a T}," said {F}.
    > way-lit

    = way-lit
    ? T.at=F
    ! H.at=home, H.feels=happy
    - {F} held the {T} up high, and they walked until {H} saw {H.his} own house. How happy {H.he} was!
    - In the light of the {T}, they found the path. Soon {H} was home again and very happy.
    > thank-way

    = way-fly
    ? F:flies
    ! H.at=home, H.feels=happy
    - {F} flew up above the trees and saw the roofs far away. "This way!" {F.he} called. Soon {H} was home again and very happy.
    > thank-way

    = way-nose
    ? F:smells
    ! H.at=home, H.feels=happy
    - "I can smell your way back," said {F}. Sniff, sniff! They followed {F.his} nose, and soon {H} was home again and very happy.
    > thank-way

    = way-hand
    ! H.at=home, H.feels=happy
    - "Take my hand," said {F}. {F.He} knew every path, and soon {H} was home again and very happy.
    - "Let us follow the stream," said {F}. "It always leads home." Soon {H} saw {H.his} own house and was very happy.
    > thank-way

    = way-stars
    ! H.at=home, H.feels=happy
    - {F} pointed at the sky. "That bright star shows the way," {F.he} said. They followed it, and soon {H} was home again and very happy.
    > thank-way

    = thank-way
    - "Thank you, {F}!" said {H}. "Without you, I would still be out there."
    - {H} hugged {F}. "You are always welcome here," {H.he} said.
    - (!G?, G:food) {H} asked {F} to come in and gave {F.him} {a G}. => G.at=F
    - "Next time, I will look where I am going," said {H}, and both of them laughed.
    > close-way

    = close-way
    ? H.at=home
    - (T.at=F) And whenever {H} sees a light in the dark, {H.he} thinks of {F} and the {T}.
    - The next day, {F} showed {H} all the paths, and {H.he} never lost {H.his} way again.
    - {H} slept well that night, warm and safe in {H.his} own bed.
    - From that day on, {H} and {F} were the best of friends.
    - {H} had learned that it is good to [ask for help|stay on the path|know where you are going].
    > end
    """
}
