package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A device for tests of memory, and kernels of three addresses to run on it. Bodies are given the addresses in {@code %rd1}
 * to {@code %rd3}, {@code %r0} = the thread's number in its block, {@code %r2} = the block's; {@code %rd4} = four times
 * the former, {@code %rd5} to {@code %rd7} = the three addresses plus that. They may use all registers from {@code %r10},
 * {@code %rd10}, {@code %p1}, {@code %f1} and {@code %h1} on.
 */
final class MemoryTrial {
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  final Sanitizer sanitizer;
  final GlobalMemory memory;
  private final Machine machine;
  private final List<Arguments.Range> ranges = new ArrayList<>();
  private MemorySegment constants = MemorySegment.ofArray(new long[8]);
  private boolean declared;

  MemoryTrial(EmulatorOptions options) {
    sanitizer = new Sanitizer(options);
    memory = new GlobalMemory(options.memoryBytes(), sanitizer);
    machine = new Machine(options, memory, sanitizer, _ -> {});
  }

  static MemoryTrial device() {
    return new MemoryTrial(options());
  }

  static MemoryTrial device(EmulatorOptions.Sanitizer level) {
    return new MemoryTrial(options().withSanitizer(level));
  }

  static EmulatorOptions options() {
    return EmulatorOptions.standard()
        .withMemory(64 << 20)
        .withThreads(1)
        .withStepLimit(4_000_000)
        .collecting();
  }

  /** Memory with ints in it. */
  long holding(int... values) {
    long address = memory.allocate(4L * values.length);
    MemorySegment.copy(values, 0, memory.write(address, 4L * values.length), INT, 0, values.length);
    return address;
  }

  int[] ints(long address, int count) {
    return memory.read(address, 4L * count).toArray(INT);
  }

  /** Memory with zeros in it. */
  long zeros(long bytes) {
    long address = memory.allocate(bytes);
    memory.fill(address, 0, 1, bytes);
    return address;
  }

  MemoryTrial declare(Arguments.Range range) {
    ranges.add(range);
    declared = true;
    return this;
  }

  MemoryTrial constants(long... bank) {
    constants = MemorySegment.ofArray(bank);
    return this;
  }

  MemoryTrial run(String body, LaunchShape shape, long... addresses) {
    return run("", body, shape, addresses);
  }

  /**
   * @param declarations of shared and local variables
   */
  MemoryTrial run(String declarations, String body, LaunchShape shape, long... addresses) {
    Program program = Program.of(Linker.link(Parser.parse(text(declarations, body)), "k"), _ -> 0);
    ByteBuffer arguments = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (long address : addresses) {
      arguments.putLong(address);
    }
    Launch.Promise promise = new Launch.Promise(ranges, declared, "");
    new Launch(program, shape, arguments.array(), constants, promise, machine).run();
    return this;
  }

  private static String text(String declarations, String body) {
    return """
    .version 8.0
    .target sm_90
    .address_size 64
    .file 1 "trial.cu"
    .visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c)
    {
      .reg .pred %p<32>;
      .reg .b16 %h<32>;
      .reg .b32 %r<64>;
      .reg .b64 %rd<64>;
      .reg .f32 %f<32>;
      .reg .f64 %fd<32>;
    """
        + declarations
        + """

          ld.param.u64 %rd1, [a];
          ld.param.u64 %rd2, [b];
          ld.param.u64 %rd3, [c];
          mov.u32 %r0, %tid.x;
          mov.u32 %r2, %ctaid.x;
          mul.wide.u32 %rd4, %r0, 4;
          add.s64 %rd5, %rd1, %rd4;
          add.s64 %rd6, %rd2, %rd4;
          add.s64 %rd7, %rd3, %rd4;
        """
        + body
        + """

          ret;
        }
        """;
  }

  List<Finding> findings() {
    return sanitizer.findings();
  }

  /** The only finding, which must be of a kind. */
  Finding only(Finding.Kind kind) {
    assertEquals(
        List.of(kind), findings().stream().map(Finding::kind).toList(), findings()::toString);
    return findings().getFirst();
  }

  void clean() {
    assertEquals(List.of(), findings());
  }
}
