extension Lexicon {
  /// The words of the standard grammar.
  static let standard = Lexicon(
    names: [
      .H: [
        "Ben Tom Max Leo Sam Finn Otto Hugo Jack Oscar Felix",
        "Mia Lily Anna Ella Rosie Nora Ruby Daisy Molly Clara Hazel",
      ],
      .F: ["Toby Milo Ned Theo Alfie Rufus Basil Jasper", "Ivy Poppy Tilly Wren Luna Bella Maya Penny"],
      .O: ["Barney Pip Gus Monty Fred", "Olive Greta Flora Sadie Lucy"],
    ],
    kinds: """
      fox: clever
      rabbit: digs
      squirrel: climbs small
      mouse: small
      bear: strong
      owl: flies clever
      robin: flies small
      crow: flies clever
      swan: flies swims
      duck: flies swims
      otter: swims
      beaver: swims builds
      turtle: swims
      frog: swims small
      mole: digs small
      badger: digs strong
      hedgehog: small
      cat: climbs
      dog: digs smells
      monkey: climbs
      goat: climbs strong
      horse: strong
      donkey: strong
      elephant: strong
      penguin: swims
      lamb:
      pig: smells
      raccoon: climbs clever
      deer:
      child:
      """,
    traits: """
      little young kind brave curious cheerful gentle quiet clever playful shy merry lively friendly careful thoughtful
      polite eager patient hopeful
      """,
    things: """
      kite: own toy flies | color
      balloon: own toy flies | color
      feather: own flies small | color soft
      hat: own flies wear | color cloth
      scarf: own flies wear | color cloth
      ribbon: own flies small | color silky
      paper bird: own toy flies | color paper
      umbrella: own flies | color
      ball: own toy rolls floats | color
      hoop: own toy rolls | color wooden
      marble: own toy rolls small shiny | color glass
      boat: own toy floats | color wooden
      wooden duck: own toy floats | color painted
      spinning top: own toy small rolls | color wooden
      doll: own toy breaks | pretty painted
      train: own toy breaks rolls | color wooden
      wagon: own toy breaks rolls | color wooden
      drum: own toy breaks music | color round
      flute: own breaks music | wooden fine silver
      whistle: own small music shiny | wooden fine silver
      bell: own small shiny rolls music | metal
      music box: own breaks music | painted wooden old
      teapot: own breaks | color old painted
      clock: own breaks | old round wooden
      key: own small shiny | metal old
      ring: own small shiny rolls | metal
      coin: own small trade rolls | metal old
      button: own small trade rolls | color round
      shell: own small | pretty white pink
      pearl: own small shiny rolls | white pretty round
      locket: own small shiny | metal old pretty
      medal: own small trade | metal round
      spoon: own small trade | metal old
      book: own | old thick color
      apple: food fruit | red green golden ripe shiny
      pear: food fruit | yellow green ripe juicy
      peach: food fruit | ripe juicy soft
      plum: food fruit | ripe juicy purple
      cherry pie: food baked | warm sweet big
      apple pie: food baked | warm sweet big
      honey cake: food baked | warm sweet small
      carrot cake: food baked | fresh sweet big
      plum cake: food baked | fresh sweet big
      bag of flour: ingredient | big small white
      jug of milk: ingredient | big fresh white
      jar of sugar: ingredient | big small white
      basket of eggs: ingredient | fresh small
      pumpkin: plant | big golden round
      sunflower: plant flower | tall golden big
      melon: plant | green round big
      turnip: plant | white round big
      cabbage: plant | green round big
      rose: plant flower | red white pink
      silver cup: prize | shiny big
      golden star: prize | shiny big
      crown of flowers: prize | pretty fresh
      bun: food | warm sweet soft
      cookie: food | big sweet round
      loaf of bread: food | warm fresh round
      jar of honey: food | sweet golden big
      basket of berries: food | sweet fresh small
      bowl of soup: food | hot big warm
      rope: tool long | long strong thick
      ladder: tool tall | long tall wooden
      net: tool long | long strong fine
      stick: tool long | long strong thick
      lantern: light | bright old small
      lamp: light | bright old small
      candle: light | bright white small
      pot of glue: mends | small old big
      toolbox: mends | small old red
      pot of paste: mends | small old big
      blanket: warmth | warm soft thick
      coat: warmth | warm soft thick
      quilt: warmth | warm soft thick
      """,
    adjectives: [
      "color": "red blue green yellow purple orange striped", "cloth": "woolly warm", "silky": "silky", "soft": "soft",
      "paper": "white", "wooden": "wooden", "glass": "glass", "painted": "painted", "pretty": "pretty",
      "round": "round",
      "metal": "golden silver", "old": "old", "fine": "fine", "silver": "silver", "white": "white", "pink": "pink",
      "thick": "thick", "red": "red", "green": "green", "golden": "golden", "ripe": "ripe", "shiny": "shiny",
      "yellow": "yellow", "juicy": "juicy", "purple": "purple", "warm": "warm", "sweet": "sweet", "big": "big",
      "small": "small", "fresh": "fresh", "hot": "hot", "long": "long", "strong": "strong", "tall": "tall",
      "bright": "bright",
    ],
    places: """
      the meadow: in the meadow | home
      the valley: in the valley | home
      the village: in the village | home
      the town: in the town | home
      the old mill: near the old mill | home
      the farm: on the farm | home
      the orchard: in the orchard | home
      the hill: on the hill | home
      the pond: by the pond | home
      the island: on the island | home
      the castle: near the castle | home
      the lighthouse: near the lighthouse | home
      the forest: in the forest | away wild
      the hills: in the hills | away wild
      the woods: in the woods | away wild
      the garden: in the garden | away
      the field: in the field | away
      the park: in the park | away town
      the market: at the market | away town
      the playground: at the playground | away town
      the village square: in the village square | away town
      the beach: on the beach | away water
      the lake: by the lake | away water
      the river: by the river | away water
      the stream: by the stream | away water
      the harbor: at the harbor | away water
      the old bridge: at the old bridge | away water
      """)
}
