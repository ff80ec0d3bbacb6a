import TensorCore
import Testing

@Suite struct BufferTests {
  @Test(arguments: [1 << 60, Int.max, -1]) func `what no machine has is refused with an error`(count: Int) {
    let error = #expect(throws: AllocationError.self) { try Buffer(count: count) }
    #expect(error?.bytes == count)
  }

  @Test(arguments: [Buffer.Pages.large, .small]) func `memory is zero, and enlarging keeps what is in it`(
    pages: Buffer.Pages
  ) throws {
    let buffer = try Buffer(count: 9 << 20, pages: pages)
    #expect(buffer.bytes[8 << 20] == 0)
    for index in stride(from: 0, to: buffer.count, by: 1 << 20) { buffer.bytes[index] = UInt8(index >> 20 + 1) }
    buffer.enlarge(1000..<buffer.count)
    for index in stride(from: 0, to: buffer.count, by: 1 << 20) {
      #expect(buffer.bytes[index] == UInt8(index >> 20 + 1))
    }
    #expect(buffer.bytes[5] == 0 && buffer.bytes[buffer.count - 1] == 0)
    buffer.enlarge(0..<100)
    #expect(try Buffer(count: 0).count == 0)
  }
}
