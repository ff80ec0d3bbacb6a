import BundledModels
import Foundation
import Generation
import Stories
import Testing

/// The models that come with the package do what they are for.
@Suite struct BundledModelTests {
  @Test func `every word of six letters is sorted, and words of other lengths`() throws {
    let path = try #require(BundledModels.path(of: "sort"))
    var options = ModelOptions()
    options.threads = 1
    let model = try LanguageModel(path: path, options: options)
    let session = try model.session()
    var generation = GenerationOptions()
    generation.sampling = .greedy
    func check(_ word: String) throws {
      session.reset()
      try session.append(model.encode(word))
      var generator = try TextGenerator(session, options: generation)
      var text = ""
      while let piece = try generator.next() { text += piece.text }
      #expect(text + generator.rest() == String(word.sorted()))
    }
    func words(_ length: Int) -> [String] {
      length == 0 ? [""] : words(length - 1).flatMap { word in ["A", "B", "C"].map { word + $0 } }
    }
    #expect(words(6).count == 729)
    for length in 1...8 { for word in words(length) { try check(word) } }
  }

  /// `Scripts/check-stories` counts a thousand.
  @Test func `stories are whole and keep their facts`() throws {
    let path = try #require(BundledModels.path(of: "stories"))
    var options = ModelOptions()
    options.threads = 1
    let model = try LanguageModel(path: path, options: options)
    let (session, checker) = (try model.session(), StoryChecker())
    var texts: Set<String> = []
    var failures: [StoryChecker.Failure] = []
    for seed in 0..<24 as Range<UInt64> {
      var generation = GenerationOptions()
      (generation.sampling.temperature, generation.sampling.seed) = (0.5, seed)
      session.reset()
      try session.append(model.encode(""))
      var generator = try TextGenerator(session, options: generation)
      var text = ""
      while let piece = try generator.next() { text += piece.text }
      text += generator.rest()
      texts.insert(text)
      if case .fails(let failure) = checker.check(text) { failures.append(failure) }
    }
    #expect(texts.count == 24)
    // 96 of 100 do.
    #expect(failures.count <= 3, "\(failures)")
  }

  @Test func `together they take at most twelve megabytes`() throws {
    let sizes = try BundledModels.names.map { name in
      let path = try #require(BundledModels.path(of: name))
      return try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }
    #expect(sizes.reduce(0, +) <= 12 << 20)
  }
}
