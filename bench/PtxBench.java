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
  private static final int ROUNDS = 9;
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

  public static void main(String[] arguments) {
    System.out.printf("%-8s %-7s %9s %9s %9s   million instructions a second, median (quartiles)%n", "kernel", "checks", "1 core", "2 cores", "ratio");
    for (String kernel : new String[] {"chain", "saxpy", "sum"}) {
      for (EmulatorOptions.Sanitizer checks : EmulatorOptions.Sanitizer.values()) {
        double[] one = rates(kernel, checks, 1);
        double[] two = rates(kernel, checks, 2);
        System.out.printf(
            "%-8s %-7s %9.0f %9.0f %9.2f   (%.0f to %.0f, %.0f to %.0f)%n",
            kernel, checks, median(one), median(two), median(two) / median(one),
            one[ROUNDS / 4], one[ROUNDS * 3 / 4], two[ROUNDS / 4], two[ROUNDS * 3 / 4]);
      }
    }
  }

  private static double median(double[] sorted) {
    return sorted[sorted.length / 2];
  }

  /** Million instructions a second, sorted. */
  private static double[] rates(String kernel, EmulatorOptions.Sanitizer checks, int threads) {
    EmulatorOptions options = EmulatorOptions.standard().withSanitizer(checks).withThreads(threads);
    try (EmulatedDriver driver = EmulatedDriver.open(options);
        Context context = driver.devices().getFirst().open();
        Stream stream = context.stream();
        Module module = context.load("bench.ptx", PTX);
        DeviceMemory x = context.allocate(4L * N);
        DeviceMemory y = context.allocate(4L * N)) {
      stream.fill(x.address(), 0x3f800000, 4, N);
      stream.fill(y.address(), 0x3f800000, 4, N);
      Function function = module.function(kernel);
      LaunchShape shape = LaunchShape.of(kernel.equals("saxpy") ? 64 : N / 128 / 4, 128);
      Arguments values = new Arguments().read(x.address(), 4L * N).readWrite(y.address(), 4L * N).int32(N);
      long until = System.nanoTime() + WARM_NANOS;
      while (System.nanoTime() < until) {
        stream.launch(function, shape, values);
        stream.synchronize();
      }
      double[] rates = new double[ROUNDS];
      for (int round = 0; round < ROUNDS; round++) {
        long before = driver.instructions();
        long begin = System.nanoTime();
        for (int launch = 0; launch < 8; launch++) {
          stream.launch(function, shape, values);
        }
        stream.synchronize();
        rates[round] = (driver.instructions() - before) * 1e3 / (System.nanoTime() - begin);
      }
      Arrays.sort(rates);
      return rates;
    }
  }
}
