// modules: Stories
import Stories

private let checker = StoryChecker()

/// Checks the bytes as a story; any verdict may come of it, with a reason where they are refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  if case .fails(let failure) = checker.check(bytes) { precondition(!failure.reason.isEmpty) }
  _ = StoryTexts.split(Array(bytes))
  return 0
}
