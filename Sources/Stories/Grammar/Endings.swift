extension StoryGrammar {
  /// Thanks, a gift or a game, and the end.
  static let endings = """
    = thank
    - "Thank you, {F}!" said {H}. "You are [a true friend|so kind|so good to me|the best friend in the world]."
    - {H} hugged {F}. "Thank you so much!" {H.he} said <gladly>.
    - "How can I ever thank you?" asked {H}. "You already have," said {F}.
    - {H} [jumped|danced|laughed] for joy and thanked {F} [again and again|a hundred times|with all {H.his} heart].
    - "You did it!" cried {H}. {F} [smiled|laughed] and said, "That is what friends are for."
    - "Thank you, thank you!" {H} said <gladly>, and {F} [smiled|bowed|blushed|nodded].
    > halve*40 share present game promise other-cheers*3 close*6

    = other-cheers
    ? O?, O.at=H
    ! O.feels=happy
    - {O} [clapped|cheered] and was happy too.
    - "Hurray!" called {O}, and [all three|the three of them] danced in a circle.
    - {O} laughed and said, "Now everything is good again!"
    > share game close*6

    = share
    ? !G?, G:food
    ! G.at=both, F.feels=happy
    - Then {H} took {a G} out of {H.his} bag, and they shared it.
    - {H} had {a G} with {H.him}. {H.He} gave half of it to {F}, and [it tasted wonderful|they ate it together|both of them were happy].
    - "Come home with me," said {H}. There they shared {a G} and [told each other stories|laughed a lot|talked until dark].
    - To say thank you, {H} invited {F} to {H.his} home and gave {F.him} half of {a G}.
    > close

    = present
    ? !G?, G:food
    ! G.at=F, F.feels=happy
    - The next day, {H} gave {F} {a G} to say thank you. {F} was very happy with the {G}.
    - {H} wanted to give {F.him} something too. {H.He} gave {F} {a G}, and {F} ate the {G} right away.
    - {H} ran home and came back with {a G}. "The {G} is for you," {H.he} said, and {F} was delighted.
    > close

    = game
    - Then {H} and {F} played [hide and seek|catch|games] until [the sun went down|evening|it was time to go home].
    - (X:toy, X.at=H) {H} and {F} played with the {X} until [the sun went down|evening|it was time to go home].
    - (X:music, X.at=H) {H} let {F} try the {X}, and they [danced|sang] to its sound.
    - The two of them [sat in the sun|lay in the grass|walked home side by side] and [told each other jokes|sang a song|talked about everything].
    > close

    = promise
    - "If you ever need help, I will come," {H} promised, and {F} knew that it was true.
    - "Next time, I will help you," said {H}, and they shook hands.
    - {H} promised to [visit {F} every week|come and see {F} soon|be {F}'s friend forever].
    > close

    = close
    - From that day on, {H} and {F} were the best of friends.
    - (X.at=H, X:own, S.problem=tree) From that day on, {H} held the {X} [very|extra] tight when the wind was blowing.
    - (X.at=H, S.problem=water) From that day on, {H} took good care of the {X} near the water.
    - (X.at=H, S.problem=hole) From that day on, {H} looked out for holes when {H.he} played with the {X}.
    - (X.at=H, S.problem=lost) From that day on, {H} kept the {X} in a safe place.
    - (X.at=H, S.problem=nest) From that day on, {H} never let a magpie see the {X} again.
    - (X.at=H, X.is=whole) From that day on, {H} was very careful with the {X}.
    - (X.at=H, X:own) That night, {H} [fell asleep|went to bed] with the {X} beside {H.him} and a smile on {H.his} face.
    - (X.at=H, X:own) {H} went home with the {X} in {H.his} hand and a [song|smile] in {H.his} heart.
    - When {H} went to bed that night, {H.he} thought of {F} and smiled.
    - {H} went home that evening with a happy heart. {H.He} had found a friend.
    - And {H} never forgot how {F} had helped {H.him}.
    - {H} had learned that [a friend can make everything better|it is good to ask for help|nobody has to be sad alone|a kind heart is worth more than gold].
    - And if you go there today, you may still see {H} and {F} [laughing|playing|walking] together.
    - Since then, {H} and {F} have [met every day|been friends|done everything together].
    > end
    """
}
