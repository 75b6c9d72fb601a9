import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.Arrays;

/**
 * Million PTX instructions a second that the software GPU executes, counted once for each thread, by what is checked and by
 * how many cores take part. The kernels are small and typical; their PTX is written here. Run it by bench/run.
 */
final class PtxBench {
  private static final int ROUNDS = 15;
  private static final int LAUNCHES = 8;
  private static final long WARM_NANOS = 4_000_000_000L;
  private static final int N = 1 << 18;

  /** y = a x + y over a grid-stride loop; a chain of fma in registers; a sum by shared memory and shuffles. */
  private static final String PTX =
      """
      .version 7.8
      .target sm_80
      .address_size 64
      .visible .entry saxpy(.param .u64 x, .param .u64 y, .param .u32 n)
      {
        .reg .pred %p<3>; .reg .b32 %r<8>; .reg .f32 %f<5>; .reg .b64 %rd<8>;
        ld.param.u64 %rd1, [x];
        ld.param.u64 %rd2, [y];
        ld.param.u32 %r1, [n];
        cvta.to.global.u64 %rd3, %rd1;
        cvta.to.global.u64 %rd4, %rd2;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r3, %ctaid.x;
        mov.u32 %r4, %tid.x;
        mad.lo.s32 %r5, %r3, %r2, %r4;
        mov.u32 %r6, %nctaid.x;
        mul.lo.s32 %r7, %r6, %r2;
        setp.ge.s32 %p1, %r5, %r1;
        @%p1 bra DONE;
      NEXT:
        mul.wide.s32 %rd5, %r5, 4;
        add.s64 %rd6, %rd3, %rd5;
        add.s64 %rd7, %rd4, %rd5;
        ld.global.f32 %f1, [%rd6];
        ld.global.f32 %f2, [%rd7];
        fma.rn.f32 %f3, %f1, 0f3FC00000, %f2;
        st.global.f32 [%rd7], %f3;
        add.s32 %r5, %r5, %r7;
        setp.lt.s32 %p2, %r5, %r1;
        @%p2 bra NEXT;
      DONE:
        ret;
      }
      .visible .entry chain(.param .u64 x, .param .u64 y, .param .u32 n)
      {
        .reg .pred %p<2>; .reg .b32 %r<8>; .reg .f32 %f<6>; .reg .b64 %rd<6>;
        ld.param.u64 %rd1, [y];
        ld.param.u32 %r1, [n];
        cvta.to.global.u64 %rd2, %rd1;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r3, %ctaid.x;
        mov.u32 %r4, %tid.x;
        mad.lo.s32 %r5, %r3, %r2, %r4;
        cvt.rn.f32.s32 %f1, %r5;
        mov.f32 %f2, 0f3F800000;
        mov.u32 %r6, 0;
      NEXT:
        fma.rn.f32 %f2, %f1, 0f3F000000, %f2;
        fma.rn.f32 %f3, %f2, 0f3F000000, %f1;
        mul.f32 %f4, %f3, 0f3E800000;
        add.f32 %f2, %f4, %f2;
        max.f32 %f2, %f2, %f1;
        xor.b32 %r7, %r6, %r5;
        add.s32 %r6, %r6, 1;
        setp.lt.s32 %p1, %r6, 128;
        @%p1 bra NEXT;
        mul.wide.s32 %rd3, %r5, 4;
        add.s64 %rd4, %rd2, %rd3;
        st.global.f32 [%rd4], %f2;
        ret;
      }
      .visible .entry sum(.param .u64 x, .param .u64 y, .param .u32 n)
      {
        .reg .pred %p<4>; .reg .b32 %r<14>; .reg .f32 %f<14>; .reg .b64 %rd<9>;
        .shared .align 4 .b8 partial[32];
        ld.param.u64 %rd1, [x];
        ld.param.u64 %rd2, [y];
        cvta.to.global.u64 %rd3, %rd1;
        cvta.to.global.u64 %rd4, %rd2;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r3, %ctaid.x;
        mov.u32 %r4, %tid.x;
        mad.lo.s32 %r5, %r3, %r2, %r4;
        mul.wide.s32 %rd5, %r5, 4;
        add.s64 %rd6, %rd3, %rd5;
        ld.global.f32 %f1, [%rd6];
        mov.b32 %r6, %f1;
        shfl.sync.bfly.b32 %r7, %r6, 16, 31, -1;
        mov.b32 %f2, %r7;
        add.f32 %f1, %f1, %f2;
        mov.b32 %r6, %f1;
        shfl.sync.bfly.b32 %r7, %r6, 8, 31, -1;
        mov.b32 %f2, %r7;
        add.f32 %f1, %f1, %f2;
        mov.b32 %r6, %f1;
        shfl.sync.bfly.b32 %r7, %r6, 4, 31, -1;
        mov.b32 %f2, %r7;
        add.f32 %f1, %f1, %f2;
        mov.b32 %r6, %f1;
        shfl.sync.bfly.b32 %r7, %r6, 2, 31, -1;
        mov.b32 %f2, %r7;
        add.f32 %f1, %f1, %f2;
        mov.b32 %r6, %f1;
        shfl.sync.bfly.b32 %r7, %r6, 1, 31, -1;
        mov.b32 %f2, %r7;
        add.f32 %f1, %f1, %f2;
        and.b32 %r8, %r4, 31;
        setp.ne.u32 %p1, %r8, 0;
        shr.u32 %r9, %r4, 5;
        shl.b32 %r10, %r9, 2;
        mov.u32 %r11, partial;
        add.s32 %r12, %r11, %r10;
        @!%p1 st.shared.f32 [%r12], %f1;
        bar.sync 0;
        setp.ne.u32 %p2, %r4, 0;
        @%p2 bra DONE;
        ld.shared.f32 %f3, [partial];
        ld.shared.f32 %f4, [partial+4];
        ld.shared.f32 %f5, [partial+8];
        ld.shared.f32 %f6, [partial+12];
        add.f32 %f7, %f3, %f4;
        add.f32 %f8, %f5, %f6;
        add.f32 %f9, %f7, %f8;
        mul.wide.u32 %rd7, %r3, 4;
        add.s64 %rd8, %rd4, %rd7;
        st.global.f32 [%rd8], %f9;
      DONE:
        ret;
      }
      """;

  private final EmulatedDriver driver;
  private final Stream stream;
  private final Function function;
  private final LaunchShape shape;
  private final Arguments values;
  private final double[] rates = new double[ROUNDS];

  private PtxBench(EmulatedDriver driver, Context context, Stream stream, String kernel) {
    this.driver = driver;
    this.stream = stream;
    this.function = context.load("bench.ptx", PTX).function(kernel);
    this.shape = LaunchShape.of(kernel.equals("saxpy") ? 64 : N / 128 / 4, 128);
    DeviceMemory x = stream.allocate(4L * N);
    DeviceMemory y = stream.allocate(4L * N);
    stream.fill(x.address(), 0x3f800000, 4, N);
    stream.fill(y.address(), 0x3f800000, 4, N);
    this.values = new Arguments().read(x.address(), 4L * N).readWrite(y.address(), 4L * N).int32(N);
  }

  public static void main(String[] arguments) {
    System.out.println("million PTX instructions a second, each thread's counted: median (quartiles)");
    System.out.printf("%-8s %-7s %-22s %-22s %s%n", "kernel", "checks", "1 core", "2 cores", "ratio");
    for (String kernel : new String[] {"chain", "saxpy", "sum"}) {
      for (EmulatorOptions.Sanitizer checks : EmulatorOptions.Sanitizer.values()) {
        EmulatorOptions options = EmulatorOptions.standard().withSanitizer(checks).collecting();
        compare(kernel, checks, options.withThreads(1), options.withThreads(2));
      }
    }
  }

  /** Rounds with one thread and with two take turns, so that the machine's moods fall on both. */
  private static void compare(
      String kernel, EmulatorOptions.Sanitizer checks, EmulatorOptions one, EmulatorOptions two) {
    try (EmulatedDriver first = EmulatedDriver.open(one);
        EmulatedDriver second = EmulatedDriver.open(two);
        Context a = first.devices().getFirst().open();
        Context b = second.devices().getFirst().open()) {
      PtxBench single = new PtxBench(first, a, a.stream(), kernel);
      PtxBench pair = new PtxBench(second, b, b.stream(), kernel);
      long until = System.nanoTime() + WARM_NANOS;
      while (System.nanoTime() < until) {
        single.launch();
        pair.launch();
      }
      for (int round = 0; round < ROUNDS; round++) {
        single.measure(round);
        pair.measure(round);
      }
      System.out.printf(
          "%-8s %-7s %-22s %-22s %.2f%n",
          kernel, checks, single.text(), pair.text(), pair.median() / single.median());
    }
  }

  private void launch() {
    stream.launch(function, shape, values);
    stream.synchronize();
  }

  private void measure(int round) {
    long before = driver.instructions();
    long begin = System.nanoTime();
    for (int launch = 0; launch < LAUNCHES; launch++) {
      launch();
    }
    rates[round] = (driver.instructions() - before) * 1e3 / (System.nanoTime() - begin);
  }

  private double median() {
    return Arrays.stream(rates).sorted().toArray()[ROUNDS / 2];
  }

  private String text() {
    double[] sorted = Arrays.stream(rates).sorted().toArray();
    return "%.0f (%.0f to %.0f)".formatted(sorted[ROUNDS / 2], sorted[ROUNDS / 4], sorted[ROUNDS * 3 / 4]);
  }
}
