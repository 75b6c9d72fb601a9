package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Memory that a launch declares as written first counts as unwritten until the launch has written it. */
final class WriteFirstTest {
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
      assertTrue(
          found.message().contains("; launched at WriteFirstTest.java:"), found.message());
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
}
