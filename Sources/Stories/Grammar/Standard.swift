extension StoryGrammar {
  /// The standard grammar, in the order in which a story passes through it; `GrammarReader` says how it is written.
  static let standardSources = [
    wordLists, openings, belongings, troubles, searches, meetings, rescues, wishes, gifts, kindnesses, lessons, fears,
    endings,
  ]

  private static let wordLists = """
    ~ weather bright|sunny|clear|fine|warm|fresh|lovely
    ~ parts morning|afternoon|day
    ~ one-day One <weather> <parts>|One <parts>|On a <weather> <parts>|Early one morning|One spring day|One autumn day
    ~ very very|so|quite|terribly
    ~ soon Soon|Just then|After a while|A little later|At that moment|Before long
    ~ family grandmother|grandfather|mother|father|aunt|uncle|sister|brother
    ~ kindly kindly|softly|gently|in a kind voice|with a smile|in a gentle voice
    ~ sadly sadly|in a small voice|with a sigh|with tears in {H.his} eyes|in a shaky voice
    ~ gladly happily|gladly|with joy|with a laugh|with a big smile
    ~ happy happily|with joy|out loud
    ~ liked loved|liked|enjoyed
    """

  private static let openings = """
    = open
    ? P:home, !H:flies, !H:swims, !H:climbs
    - Once upon a time, there was {a H.trait} {H.kind} named {H}. {H.He} lived {P.in}.
    - Once upon a time, {a H.trait} {H.kind} named {H} lived {P.in}.
    - Once, [not long ago|long ago|many years ago], {a H.trait} {H.kind} named {H} lived {P.in}.
    - {H} was {a H.trait} {H.kind} who lived {P.in}.
    - Long ago, {P.in}, there lived {a H.trait} {H.kind}. {H.His} name was {H}.
    - In a [small|cozy|snug|tiny|tidy|bright] [house|home|cottage] {P.in} lived {a H.trait} {H.kind} named {H}.
    - This is a story [about|of] {H}, {a H.trait} {H.kind} who lived {P.in}.
    - There once was {a H.trait} {H.kind} called {H}. {H.His} home was {P.in}.
    - Have you heard of {H}? {H.He} was {a H.trait} {H.kind} who lived {P.in}.
    > nature*6 own*8 want-fruit*2 want-shop*2 gift-plan*3 find-trouble*4 learn*4 afraid*3 lonely*3 night*2 seed*2 race*2 bake*2 way*2

    = nature
    - Everyone {P.in} [liked|loved] {H}[| very much].
    - {H.He} <liked> [singing|dancing|reading stories|watching the clouds|counting the stars|telling jokes|helping others].
    - {H} [always|often] [smiled at|waved to|said hello to] everyone {H.he} met.
    - {H.He} [woke|got] up early every day to [watch the sun rise|listen to the birds|water the flowers|sweep the floor].
    - Every evening, {H} [watched the sun go down|sang a little song|listened to the wind|looked up at the moon].
    - {H} had a [kind|warm|good|big] heart and [a bright smile|a merry laugh|many dreams|a head full of ideas].
    - Nobody {P.in} could [sing|laugh|run|dance|whistle] [quite like|better than|as well as] {H}.
    - {H.He} [asked a hundred questions a day|made up a new song every day|always had time for a story].
    > want-shop*2 find-trouble*4 learn*4 afraid*4 lonely*4 night*3 seed*3 race*3 way*2
    """
}
