package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverError;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls of the system's functions. Strings are written to local memory first, as 8 bytes at a time. */
class CallStepsTest {
  private static final String LOCAL =
      ".local .align 8 .b8 text[32]; .local .align 8 .b8 packed[16];";

  private static String local(String text) {
    StringBuilder body = new StringBuilder();
    String padded = text + "\0".repeat(8 - text.length() % 8);
    for (int i = 0; i < padded.length(); i += 8) {
      long bits = 0;
      for (int k = 7; k >= 0; k--) {
        bits = bits << 8 | padded.charAt(i + k);
      }
      body.append("mov.u64 %rd20, ")
          .append(bits)
          .append(";\nst.local.u64 [text+")
          .append(i)
          .append("], %rd20;\n");
    }
    return body
        + "mov.u64 %rd21, text; cvta.local.u64 %rd21, %rd21; mov.u64 %rd22, packed; cvta.local.u64"
        + " %rd22, %rd22;\n";
  }

  private static final String PRINT =
      """
      {
        .param .b64 p0; .param .b64 p1; .param .b32 back;
        st.param.b64 [p0], %rd21;
        st.param.b64 [p1], %rd22;
        call.uni (back), vprintf, (p0, p1);
        ld.param.b32 %r20, [back];
      }
      st.global.u32 [%rd2], %r20;
      """;

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void printsInTheOrderOfBlocksAndThreads(int threads) {
    String body =
        local("%u,%u;") + "st.local.u32 [packed], %r2; st.local.u32 [packed+4], %r0;\n" + PRINT;
    Trial trial = Trial.of(LOCAL, body, Trial.options().withThreads(threads));
    trial.run(50, 48);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 50 * 48; i++) {
      expected.append(i / 48).append(',').append(i % 48).append(';');
    }
    assertEquals(expected.toString(), trial.printed.toString());
    assertEquals(2, trial.ints(1)[0]);
  }

  @Test
  void whatWasPrintedBeforeAFaultIsKept() {
    String body =
        local("%u;")
            + "st.local.u32 [packed], %r2;\n"
            + PRINT
            + "setp.eq.u32 %p1, %r2, 2;\n@%p1 trap;\n";
    Trial trial = Trial.of(LOCAL, body, Trial.options());
    assertThrows(KernelFault.class, () -> trial.run(9, 1));
    assertEquals("0;1;2;", trial.printed.toString());
  }

  @Test
  void aFailedAssertionSaysWhereAndWhat() {
    String body =
        local("x > 0")
            + """
            setp.ne.u32 %p1, %r1, 70;
            @%p1 bra END;
            {
              .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;
              st.param.b64 [a], %rd21;
              st.param.b64 [b], %rd21;
              st.param.b32 [c], 1234;
              st.param.b64 [d], %rd21;
              st.param.b64 [e], 1;
              call.uni __assertfail, (a, b, c, d, e);
            }
            END:
            """;
    Trial trial = Trial.of(LOCAL, body, Trial.options());
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(2, 64));
    assertEquals(DriverError.CUDA_ERROR_ASSERT, fault.error());
    String message = fault.getMessage();
    assertTrue(message.contains("x > 0:1234: x > 0: assertion `x > 0` failed"), message);
    assertTrue(message.contains("block (1, 0, 0), thread (6, 0, 0)"), message);
  }

  @Test
  void memoryOfTheDevicesHeap() {
    // Each thread takes 16 bytes, writes its number to them, reads it back and frees them.
    String body =
        """
        {
          .param .b64 bytes; .param .b64 back;
          st.param.b64 [bytes], 16;
          call.uni (back), malloc, (bytes);
          ld.param.b64 %rd20, [back];
        }
        st.u32 [%rd20+12], %r0;
        ld.u32 %r20, [%rd20+12];
        st.global.u32 [%rd2], %r20;
        {
          .param .b64 old;
          st.param.b64 [old], %rd20;
          call.uni free, (old);
        }
        """;
    Trial trial = Trial.of("", body, Trial.options()).run(1, 40);
    assertArrayEquals(IntStream.range(0, 40).toArray(), trial.ints(40));
    assertEquals(List.of(), trial.findings());
  }
}
