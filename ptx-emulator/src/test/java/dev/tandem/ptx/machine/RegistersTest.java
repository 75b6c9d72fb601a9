package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Which registers share a slot, and which may be read before they are written. */
class RegistersTest {
  private static LinkedKernel kernel(String body) {
    String text =
        """
        .version 8.0
        .target sm_80
        .address_size 64
        .visible .entry k()
        {
          .reg .pred %p<8>;
          .reg .b32 %r<32>;
          .reg .b64 %rd<8>;
        """
            + body
            + "\nret;\n}\n";
    return Linker.link(Parser.parse(text), "k");
  }

  /** Slots by the names as written. */
  private static Map<String, Integer> slots(String body) {
    return Registers.slots(kernel(body)).entrySet().stream()
        .collect(Collectors.toMap(entry -> written(entry.getKey()), Map.Entry::getValue));
  }

  private static String written(String name) {
    return name.replaceAll("^.*(%[a-z]+[0-9]+).*$", "$1");
  }

  private static Set<String> undefined(String body) {
    return Flow.undefined(kernel(body)).stream()
        .map(RegistersTest::written)
        .collect(Collectors.toSet());
  }

  @Test
  void oneAfterTheOtherShare() {
    Map<String, Integer> slots =
        slots(
            """
            mov.u32 %r1, 1;
            st.global.u32 [%rd1], %r1;
            mov.u32 %r2, 2;
            st.global.u32 [%rd1], %r2;
            """);
    assertEquals(slots.get("%r1"), slots.get("%r2"));
    assertNotEquals(slots.get("%r1"), slots.get("%rd1"));
  }

  @Test
  void aResultDoesNotShareWithItsOperands() {
    Map<String, Integer> slots =
        slots(
            """
            mov.u32 %r1, 1;
            add.u32 %r2, %r1, 1;
            add.u32 %r3, %r2, 1;
            st.global.u32 [%rd1], %r3;
            """);
    assertNotEquals(slots.get("%r1"), slots.get("%r2"));
    assertEquals(slots.get("%r1"), slots.get("%r3"));
  }

  @Test
  void whatALoopReadsAgainIsKeptThroughAllOfIt() {
    // %r1 is last read before %r2 is written, but the next round reads it again.
    Map<String, Integer> slots =
        slots(
            """
            mov.u32 %r1, 1;
            mov.u32 %r3, 0;
            LOOP:
            add.u32 %r3, %r3, %r1;
            mov.u32 %r2, 5;
            setp.lt.u32 %p1, %r3, %r2;
            @%p1 bra LOOP;
            """);
    assertEquals(3, Set.copyOf(slots.values()).size());
  }

  @Test
  void aGuardedWriteEndsNothing() {
    Map<String, Integer> slots =
        slots(
            """
            mov.u32 %r1, 1;
            mov.u32 %r2, 2;
            st.global.u32 [%rd1], %r2;
            setp.eq.u32 %p1, %r9, 0;
            @%p1 mov.u32 %r1, 3;
            st.global.u32 [%rd1], %r1;
            """);
    assertNotEquals(slots.get("%r1"), slots.get("%r2"));
  }

  @Test
  void undefinedOnSomeWay() {
    Set<String> undefined =
        undefined(
            """
            mov.u32 %r1, 1;
            setp.eq.u32 %p1, %r1, %r2;
            @%p1 mov.u32 %r3, 4;
            @%p1 bra SKIP;
            mov.u32 %r4, 4;
            SKIP:
            add.u32 %r5, %r3, %r4;
            mov.u32 %r6, %r5;
            st.global.u32 [%rd1+4], %r6;
            """);
    assertEquals(Set.of("%r2", "%r3", "%r4", "%rd1"), undefined);
  }

  @Test
  void manyTemporariesNeedFewSlots() {
    StringBuilder body = new StringBuilder("mov.u32 %r0, 0;\n");
    for (int i = 1; i < 31; i++) {
      body.append("add.u32 %r").append(i).append(", %r").append(i - 1).append(", 1;\n");
    }
    Map<String, Integer> slots = slots(body + "st.global.u32 [%rd1], %r30;");
    assertEquals(32, slots.size());
    assertTrue(Set.copyOf(slots.values()).size() <= 3, slots.toString());
  }
}
