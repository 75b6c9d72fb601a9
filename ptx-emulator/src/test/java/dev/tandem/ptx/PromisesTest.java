package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Arguments.Access;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What launches and products say of their memory: they are held to it. */
final class PromisesTest {
  private static final String PTX =
      """
      .version 7.8
      .target sm_80
      .address_size 64
      .visible .entry increment(.param .u64 at)
      {
        .reg .b32 %r<3>; .reg .b64 %rd<3>;
        ld.param.u64 %rd1, [at];
        cvta.to.global.u64 %rd2, %rd1;
        ld.global.u32 %r1, [%rd2];
        add.u32 %r2, %r1, 1;
        st.global.u32 [%rd2], %r2;
        ret;
      }
      .visible .entry set(.param .u64 at)
      {
        .reg .b32 %r<3>; .reg .b64 %rd<3>;
        ld.param.u64 %rd1, [at];
        cvta.to.global.u64 %rd2, %rd1;
        mov.u32 %r1, 7;
        st.global.u32 [%rd2], %r1;
        ld.global.u32 %r2, [%rd2];
        st.global.u32 [%rd2], %r2;
        ret;
      }
      .visible .entry copy(.param .align 8 .b8 pair[16], .param .u32 word)
      {
        .reg .b32 %r<4>; .reg .b64 %rd<8>;
        ld.param.u64 %rd1, [pair];
        ld.param.u64 %rd2, [pair+8];
        ld.param.u32 %r1, [word];
        cvta.to.global.u64 %rd3, %rd1;
        cvta.to.global.u64 %rd4, %rd2;
        mul.wide.u32 %rd5, %r1, 4;
        add.s64 %rd6, %rd3, %rd5;
        add.s64 %rd7, %rd4, %rd5;
        ld.global.u32 %r2, [%rd6];
        st.global.u32 [%rd7], %r2;
        ret;
      }
      """;

  private interface Body {
    void run(EmulatedDriver driver, Gpu gpu, Module module);
  }

  private static void onGpu(Body body) {
    try (EmulatedDriver driver = EmulatedDriver.open(EmulatorOptions.standard().collecting());
        Gpu gpu = new Gpu(driver)) {
      body.run(driver, gpu, gpu.load("write.ptx", PTX));
    }
  }

  private static void launch(Gpu gpu, Module module, String kernel, Arguments arguments) {
    gpu.stream().launch(module.function(kernel), LaunchShape.of(1, 1), arguments);
    gpu.stream().synchronize();
  }

  @Test
  void readingFirstIsFound() {
    onGpu((driver, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1, 2, 3);
      launch(gpu, module, "increment", new Arguments().write(memory.address(), 12));
      Finding found = driver.findings().getFirst();
      assertEquals(Finding.Kind.UNINITIALISED, found.kind());
      assertEquals(memory.address(), found.address());
      assertTrue(found.message().contains("says that it is written first"), found.message());
      assertTrue(found.message().contains("; launched at PromisesTest.java:"), found.message());
      assertTrue(found.message().contains("block (1, 1, 1)"), found.message());
    });
  }

  @Test
  void writingFirstIsRightAndTheRestStaysWritten() {
    onGpu((driver, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1, 2, 3);
      launch(gpu, module, "set", new Arguments().write(memory.address(), 12));
      launch(gpu, module, "increment", new Arguments().readWrite(memory.address() + 4, 8));
      assertEquals(List.of(), driver.findings());
      assertEquals(List.of(7, 3, 3), java.util.Arrays.stream(gpu.ints(memory)).boxed().toList());
    });
  }

  @Test
  void memoryThatIsAlsoReadMayBeReadFirst() {
    onGpu((driver, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1);
      Arguments inPlace = new Arguments().readWrite(memory.address(), 4);
      launch(gpu, module, "increment", inPlace);
      assertEquals(List.of(), driver.findings());
      DeviceMemory fresh = gpu.allocate(4);
      launch(gpu, module, "set", new Arguments().write(fresh.address(), 4));
      launch(gpu, module, "increment", new Arguments().readWrite(fresh.address(), 4));
      assertEquals(List.of(), driver.findings());
    });
  }

  /** A copy between two pieces of an allocation, whose addresses a struct holds. */
  private static Arguments copy(long address, int word) {
    MemorySegment pair = MemorySegment.ofArray(new long[] {address, address + 16});
    return new Arguments()
        .bytes(pair, 8)
        .inside(address, 8, Access.READ)
        .inside(address + 16, 8, Access.WRITE)
        .int32(word);
  }

  @Test
  void addressesInsideAStructAreHeldToTheirBytes() {
    onGpu((driver, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1, 2, 3, 4, 5, 6, 7, 8);
      launch(gpu, module, "copy", copy(memory.address(), 1));
      assertEquals(List.of(), driver.findings());
      assertEquals(2, gpu.ints(memory)[5]);
      launch(gpu, module, "copy", copy(memory.address(), 2));
      assertEquals(
          List.of(Finding.Kind.OUTSIDE_ARGUMENT, Finding.Kind.OUTSIDE_ARGUMENT),
          driver.findings().stream().map(Finding::kind).toList());
      assertEquals(memory.address() + 8, driver.findings().getFirst().address());
    });
  }

  @Test
  void aRangeInsideAStructThatReachesTooFarIsRefused() {
    onGpu((_, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1, 2, 3, 4, 5);
      DriverException refusal =
          assertThrows(
              DriverException.class, () -> launch(gpu, module, "copy", copy(memory.address(), 0)));
      assertTrue(
          refusal.getMessage().contains("argument 0 for parameter 0 (pair, .b8)"),
          refusal.getMessage());
    });
    assertThrows(IndexOutOfBoundsException.class, () -> new Arguments().inside(0, 8, Access.READ));
  }

  /** A product of what nobody has written would make NaN look written. */
  @Test
  void aProductOfUnwrittenMemoryIsFound() {
    onGpu((driver, gpu, _) -> {
      DeviceMemory a = gpu.upload(1f, 2f, 3f, 4f);
      DeviceMemory b = gpu.allocate(16);
      DeviceMemory c = gpu.allocate(16);
      gpu.stream().fill(b.address(), 0, 4, 3);
      try (Blas blas = gpu.context().blas()) {
        blas.stream(gpu.stream());
        blas.gemm(
            new Gemm(
                false,
                false,
                2,
                2,
                2,
                1,
                new Gemm.Matrix(a.address(), DataType.F32, 2),
                new Gemm.Matrix(b.address(), DataType.F32, 2),
                0,
                new Gemm.Matrix(c.address(), DataType.F32, 2),
                ComputeType.F32,
                1));
        gpu.stream().synchronize();
      }
      assertEquals(1, driver.findings().size(), driver.findings().toString());
      Finding found = driver.findings().getFirst();
      assertEquals(Finding.Kind.UNINITIALISED, found.kind());
      assertEquals(b.address() + 12, found.address());
      assertTrue(found.message().contains(": B is read"), found.message());
    });
  }

  @Test
  void theFirstArgumentThatDoesNotFitIsNamed() {
    onGpu((_, gpu, module) -> {
      DeviceMemory memory = gpu.upload(1);
      Arguments narrow = new Arguments().int32(1).int32(2);
      DriverException refusal =
          assertThrows(DriverException.class, () -> launch(gpu, module, "set", narrow));
      assertTrue(
          refusal.getMessage().contains("argument 0 has 4 bytes, parameter 0 (at, .u64) has 8"),
          refusal.getMessage());
      launch(gpu, module, "set", new Arguments().write(memory.address(), 4));
      assertEquals(7, gpu.ints(memory)[0]);
    });
  }

  @Test
  void aKernelThatCannotBeLoadedIsNamed() {
    onGpu((_, gpu, _) -> {
      String unknown = PTX.replace("mov.u32 %r1, 7;", "mov.u33 %r1, 7;");
      DriverException refusal =
          assertThrows(DriverException.class, () -> gpu.load("unknown.ptx", unknown));
      assertTrue(refusal.getMessage().contains("unknown.ptx"), refusal.getMessage());
      assertTrue(
          refusal.getMessage().contains("kernel set, line 19: mov.u33"), refusal.getMessage());
    });
  }
}
