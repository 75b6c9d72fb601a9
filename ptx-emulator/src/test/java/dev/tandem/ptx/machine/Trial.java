package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A kernel written in PTX on a machine of its own, with one array of ints to work on: its address is the kernel's only
 * parameter, {@code out}. Bodies are given {@code %rd1} = the array, {@code %r1} = the thread's number in the grid, {@code
 * %rd2} = the address of the thread's own int, {@code %r0} = the thread's number in the block; they may use all registers
 * from {@code %r10}, {@code %rd10} and {@code %p1} on.
 */
final class Trial {
  private static final int ARRAY_BYTES = 1 << 20;

  final Sanitizer sanitizer;
  final StringBuilder printed = new StringBuilder();
  private final Machine machine;
  private final Program program;
  private final long array;
  private long instructions;

  private Trial(String ptx, EmulatorOptions options) {
    sanitizer = new Sanitizer(options);
    GlobalMemory memory = new GlobalMemory(options.memoryBytes(), sanitizer);
    machine = new Machine(options, memory, sanitizer, printed::append);
    array = memory.allocate(ARRAY_BYTES);
    memory.write(array, ARRAY_BYTES).fill((byte) 0);
    program = Program.of(Linker.link(Parser.parse(ptx), "k"), _ -> 0);
  }

  /** A kernel of the body on a machine that collects findings. */
  static Trial of(String body) {
    return of(body, options());
  }

  static EmulatorOptions options() {
    return EmulatorOptions.standard().withMemory(16 << 20).collecting();
  }

  static Trial of(String body, EmulatorOptions options) {
    return of("", body, options);
  }

  /**
   * @param declarations what stands before the body: variables of the kernel
   */
  static Trial of(String declarations, String body, EmulatorOptions options) {
    String text =
        """
        .version 8.0
        .target sm_80
        .address_size 64
        .extern .func (.param .b32 result) vprintf (.param .b64 format, .param .b64 arguments);
        .extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
        .extern .func (.param .b64 result) malloc (.param .b64 bytes);
        .extern .func free (.param .b64 address);
        .visible .entry k(.param .u64 out)
        {
          .reg .pred %p<32>;
          .reg .b32 %r<64>;
          .reg .b64 %rd<64>;
          .reg .f32 %f<32>;
        """
            + declarations
            + """

              ld.param.u64 %rd1, [out];
              mov.u32 %r0, %tid.x;
              mov.u32 %r2, %ctaid.x;
              mov.u32 %r3, %ntid.x;
              mad.lo.s32 %r1, %r2, %r3, %r0;
              mul.wide.u32 %rd2, %r1, 4;
              add.s64 %rd2, %rd1, %rd2;
            """
            + body
            + """

              ret;
            }
            """;
    return new Trial(text, options);
  }

  Program program() {
    return program;
  }

  Trial set(int... values) {
    MemorySegment.copy(
        values,
        0,
        machine.memory().write(array, 4L * values.length),
        ValueLayout.JAVA_INT,
        0,
        values.length);
    return this;
  }

  Trial run(LaunchShape shape) {
    byte[] arguments = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(array).array();
    Launch.Promise promise = new Launch.Promise(List.of(), false, "");
    Launch launch = new Launch(program, shape, arguments, MemorySegment.NULL, promise, machine);
    try {
      launch.run();
    } finally {
      instructions += launch.instructions();
    }
    return this;
  }

  Trial run(int blocks, int threads) {
    return run(LaunchShape.of(blocks, threads));
  }

  int[] ints(int count) {
    return machine.memory().read(array, 4L * count).toArray(ValueLayout.JAVA_INT);
  }

  long instructions() {
    return instructions;
  }

  List<Finding> findings() {
    return sanitizer.findings();
  }

  /** The findings of one kind. */
  List<Finding> findings(Finding.Kind kind) {
    return findings().stream().filter(finding -> finding.kind() == kind).toList();
  }
}
