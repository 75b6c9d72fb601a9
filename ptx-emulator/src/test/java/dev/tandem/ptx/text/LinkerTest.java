package dev.tandem.ptx.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LinkerTest {
  private static final String HEADER = ".version 9.0\n.target sm_80\n.address_size 64\n";

  private static LinkedKernel link(String rest) {
    return Linker.link(Parser.parse(HEADER + rest), "k");
  }

  private static void refused(String rest, int line, String part) {
    PtxException refusal = assertThrows(PtxException.class, () -> link(rest));
    assertEquals(line == 0 ? 0 : 3 + line, refusal.line(), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  private static List<String> names(List<Variable> variables) {
    return variables.stream().map(Variable::name).toList();
  }

  @Test
  void aKernelWithoutCallsStaysAsItIs() {
    LinkedKernel kernel =
        link(
            """
            .entry k(.param .u64 a) { .reg .b32 %r<3>; .reg .pred %p<2>; .reg .b64 %rd<2>;
            ld.param.u64 %rd1, [a];
            L: @%p1 bra M;
            ts: .branchtargets L, M;
            brx.idx %r1, ts;
            M: ret;
            }
            """);
    assertEquals(
        """
        0: ld.param.u64 %rd1, [a]
        1: @%p1 bra ->3
        2: brx.idx %r1, ->1, ->3
        3: ret
        """,
        Listing.of(kernel.code()));
    assertEquals(List.of(), kernel.local());
  }

  @Test
  void parametersArePackedAtTheirAlignment() {
    LinkedKernel kernel =
        link(
            ".entry k(.param .u8 a, .param .u64 b, .param .u16 c, .param .align 16 .b8 d[20], .param .f32 e, .param .v2 .f32 f) { ret; }");
    assertEquals(List.of(0L, 8L, 16L, 32L, 52L, 56L), kernel.offsets());
    assertEquals(64, kernel.parameterBytes());
    assertEquals(List.of("a", "b", "c", "d", "e", "f"), names(kernel.parameters()));
  }

  @Test
  void aCallIsReplacedByTheBody() {
    LinkedKernel kernel =
        link(
            """
            .func (.param .b32 r) twice(.param .b32 a)
            { .reg .b32 %r<3>; .reg .pred %p<2>;
            ld.param.b32 %r1, [a];
            @%p1 ret;
            add.s32 %r2, %r1, %r1;
            st.param.b32 [r], %r2;
            ret;
            $L_end:
            }
            .entry k(.param .b32 x) { .reg .b32 %r<3>;
            ld.param.b32 %r1, [x];
            { .param .b32 param0; .param .b32 retval0;
            st.param.b32 [param0+0], %r1;
            call.uni (retval0), twice, (param0);
            ld.param.b32 %r2, [retval0+0]; }
            { .param .b32 param0; .param .b32 retval0;
            st.param.b32 [param0+0], %r2;
            call.uni (retval0), twice, (param0);
            ld.param.b32 %r2, [retval0+0]; }
            ret;
            }
            """);
    assertEquals(
        """
        0: ld.param.b32 %r1, [x]
        1: st.local.b32 [param0], %r1
        2: ld.local.b32 %r1@1, [param0]
        3: @%p1@1 bra ->6
        4: add.s32 %r2@1, %r1@1, %r1@1
        5: st.local.b32 [retval0], %r2@1
        6: ld.local.b32 %r2, [retval0]
        7: st.local.b32 [param0#1], %r2
        8: ld.local.b32 %r1@1, [param0#1]
        9: @%p1@1 bra ->12
        10: add.s32 %r2@1, %r1@1, %r1@1
        11: st.local.b32 [retval0#2], %r2@1
        12: ld.local.b32 %r2, [retval0#2]
        13: ret
        """,
        Listing.of(kernel.code()));
    assertEquals(List.of("param0", "retval0", "param0#1", "retval0#2"), names(kernel.local()));
    assertTrue(kernel.local().stream().allMatch(v -> v.space() == Space.LOCAL));
    assertEquals(8, kernel.code().get(4).line());
  }

  @Test
  void aGuardedCallIsJumpedOver() {
    LinkedKernel kernel =
        link(
            """
            .func f() { bar.sync 1; ret; }
            .entry k() { .reg .pred %p<3>;
            @%p1 call f;
            @!%p2 call f;
            }
            """);
    assertEquals(
        """
        0: @!%p1 bra ->2
        1: bar.sync 1
        2: @%p2 bra ->4
        3: bar.sync 1
        4: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void registersAsParametersAndResults() {
    LinkedKernel kernel =
        link(
            """
            .func (.reg .b32 r, .reg .pred q) f(.reg .b32 a, .reg .f32 b) { mov.b32 r, a; ret; }
            .entry k() { .reg .b32 %r<3>; .reg .pred %p<3>;
            call (%r1, %p1), f, (%r2, 0f3F800000);
            call (_, %p2), f, (7, 0f00000000);
            ret; }
            """);
    assertEquals(
        """
        0: mov.b32 a@1, %r2
        1: mov.f32 b@1, 0f3F800000
        2: mov.b32 r@1, a@1
        3: mov.b32 %r1, r@1
        4: mov.pred %p1, q@1
        5: mov.b32 a@1, 7
        6: mov.f32 b@1, 0f00000000
        7: mov.b32 r@1, a@1
        8: mov.pred %p2, q@1
        9: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void registersGivenForMemoryParametersAndTheOtherWayRound() {
    LinkedKernel kernel =
        link(
            """
            .func (.param .b32 r) f(.param .b64 a) { ret; }
            .func (.reg .b32 r) g(.reg .b64 a) { ret; }
            .entry k(.param .b64 x) { .reg .b32 %r<3>; .reg .b64 %rd<3>; .param .b64 p; .param .b32 q;
            call (%r1), f, (%rd1);
            call (q), g, (p);
            ret; }
            """);
    assertEquals(
        """
        0: st.local.b64 [a], %rd1
        1: ld.local.b32 %r1, [r]
        2: ld.local.b64 a@2, [p]
        3: st.local.b32 [q], r@2
        4: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void argumentsWithTooLittleRoomOrAlignmentAreCopied() {
    LinkedKernel kernel =
        link(
            """
            .func f(.param .align 8 .b8 a[13]) { .reg .b64 %rd<2>; ld.param.b64 %rd1, [a+8]; ret; }
            .entry k(.param .align 8 .b8 x[13]) { .param .align 4 .b8 p[13];
            call f, (p);
            call f, (x);
            ret; }
            """);
    assertEquals(
        """
        0: ld.local.b32 copy@, [p]
        1: st.local.b32 [a], copy@
        2: ld.local.b32 copy@, [p+4]
        3: st.local.b32 [a+4], copy@
        4: ld.local.b32 copy@, [p+8]
        5: st.local.b32 [a+8], copy@
        6: ld.local.b8 copy@, [p+12]
        7: st.local.b8 [a+12], copy@
        8: ld.local.b64 %rd1@1, [a+8]
        9: ld.param.b64 copy@, [x]
        10: st.local.b64 [a@1], copy@
        11: ld.param.b32 copy@, [x+8]
        12: st.local.b32 [a@1+8], copy@
        13: ld.param.b8 copy@, [x+12]
        14: st.local.b8 [a@1+12], copy@
        15: ld.local.b64 %rd1@1, [a@1+8]
        16: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void aResultThatIsAlsoAnArgumentKeepsItsValueUntilTheEnd() {
    LinkedKernel kernel =
        link(
            """
            .func (.param .b32 r) f(.param .b32 a) { .reg .b32 %r<2>; st.param.b32 [r], 1; ld.param.b32 %r1, [a]; ret; }
            .entry k() { .param .b32 p;
            call (p), f, (p);
            ret; }
            """);
    assertEquals(
        """
        0: st.local.b32 [r], 1
        1: ld.local.b32 %r1@1, [p]
        2: ld.local.b32 copy@, [r]
        3: st.local.b32 [p], copy@
        4: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void nestedCallsAndTheirVariables() {
    LinkedKernel kernel =
        link(
            """
            .shared .f32 used[4];
            .shared .f32 unused[4];
            .extern .shared .align 16 .b8 dynamic[];
            .func inner() { .reg .b64 %rd<2>; .local .align 8 .b8 depot[16]; .shared .b32 once;
            mov.u64 %rd1, depot; st.shared.b32 [once], 1; st.shared.b32 [dynamic], 1; ret; }
            .func outer() { .reg .b64 %rd<2>; .local .align 4 .b8 depot[4];
            mov.u64 %rd1, depot; call inner; call inner; ret; }
            .entry k() { .reg .b64 %rd<2>; .local .align 4 .b8 depot[8];
            mov.u64 %rd1, depot; call outer; st.shared.b32 [used], 2; ret; }
            """);
    assertEquals(
        """
        0: mov.u64 %rd1, depot#2
        1: mov.u64 %rd1@1, depot#1
        2: mov.u64 %rd1@2, depot
        3: st.shared.b32 [once], 1
        4: st.shared.b32 [dynamic], 1
        5: mov.u64 %rd1@2, depot@1
        6: st.shared.b32 [once], 1
        7: st.shared.b32 [dynamic], 1
        8: st.shared.b32 [used], 2
        9: ret
        """,
        Listing.of(kernel.code()));
    assertEquals(List.of("once", "used", "dynamic"), names(kernel.shared()));
    assertEquals(List.of(8L, 4L, 16L, 16L), kernel.local().stream().map(Variable::bytes).toList());
  }

  @Test
  void addressesOfParametersAreLocalInFunctionsOnly() {
    LinkedKernel kernel =
        link(
            """
            .func f(.param .align 4 .b8 a[8]) { .reg .b32 %r<2>; .reg .b64 %rd<3>;
            mov.b64 %rd1, a; ld.param.b32 %r1, [%rd1+4]; ld.param::entry.b32 %r1, [%rd2]; cvta.param.u64 %rd2, %rd1;
            isspacep.param %p, %rd2; ret; }
            .entry k(.param .b32 x) { .reg .b32 %r<2>; .reg .b64 %rd<3>; .param .align 4 .b8 p[8];
            mov.b64 %rd1, x; ld.param.b32 %r1, [%rd1]; cvta.param.u64 %rd2, %rd1; st.param::func.b32 [p+4], %r1;
            call f, (p); ret; }
            """
                .replace("isspacep.param %p", ".reg .pred %p; isspacep.param %p"));
    assertEquals(
        """
        0: mov.b64 %rd1, x
        1: ld.param.b32 %r1, [%rd1]
        2: cvta.param.u64 %rd2, %rd1
        3: st.local.b32 [p+4], %r1
        4: mov.b64 %rd1@1, p
        5: ld.local.b32 %r1@1, [%rd1@1+4]
        6: ld.param::entry.b32 %r1@1, [%rd2@1]
        7: cvta.local.u64 %rd2@1, %rd1@1
        8: isspacep.param %p@1, %rd2@1
        9: ret
        """,
        Listing.of(kernel.code()));
  }

  @Test
  void callsOfTheSystemStay() {
    LinkedKernel kernel =
        link(
            """
            .extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);
            .extern .func (.param .b64 r) malloc(.param .b64 a);
            .extern .func free(.param .b64 a);
            .entry k() { .reg .pred %p<2>; .param .b64 p0; .param .b64 p1; .param .b32 r;
            @%p1 call.uni (r), vprintf, (p0, p1);
            call (p0), malloc, (p1);
            call free, (p0);
            ret; }
            """);
    assertEquals(
        """
        0: @%p1 call.uni r, &vprintf, p0, p1
        1: call p0, &malloc, p1
        2: call &free, p0
        3: ret
        """,
        Listing.of(kernel.code()));
    assertEquals(List.of("r", "p0", "p1"), names(kernel.local()));
    refused(
        ".extern .func free(.param .b64 a);\n.entry k() {\ncall free;\nret; }",
        3,
        "with 0 results and 0 arguments");
  }

  @Test
  void controlNeverRunsOutOfTheCode() {
    assertEquals("0: ret\n", Listing.of(link(".entry k() { }").code()));
    assertEquals("0: bar.sync 0\n1: ret\n", Listing.of(link(".entry k() { bar.sync 0; }").code()));
    assertEquals(
        "0: @%p bra ->2\n1: exit\n2: ret\n",
        Listing.of(link(".entry k() { .reg .pred %p; @%p bra L; exit; L: }").code()));
    assertEquals("0: bra.uni ->0\n", Listing.of(link(".entry k() { L: bra.uni L; }").code()));
    assertEquals(
        "0: @%p ret\n1: ret\n", Listing.of(link(".entry k() { .reg .pred %p; @%p ret; }").code()));
  }

  @Test
  void definitionsTakeThePlaceOfEarlierDeclarations() {
    LinkedKernel kernel =
        link(
            """
            .extern .global .u32 counter[];
            .entry k() { .reg .b64 %rd<2>; mov.u64 %rd1, counter; ret; }
            .global .u32 counter[3] = {1, 2, 3};
            """);
    Operand.Symbol symbol = (Operand.Symbol) kernel.code().getFirst().operand(1);
    assertEquals(12, symbol.variable().bytes());
    refused(
        ".extern .global .u32 x[];\n.entry k() { .reg .b64 %rd<2>;\nmov.u64 %rd1, x; ret; }",
        3, "defined nowhere");
  }

  @Test
  void recursionIsRefusedWithItsCycle() {
    refused(".func f() { call f; ret; }\n.entry k() { call f; ret; }", 1, "recursion, f -> f,");
    refused(
        """
        .func a(); .func b();
        .func c() {
        call a; ret; }
        .func b() { call c; ret; }
        .func a() { call b; ret; }
        .entry k() { call a; ret; }
        """,
        3,
        "recursion, a -> b -> c -> a,");
  }

  @Test
  void whatCannotBePutInPlaceIsRefused() {
    refused(
        ".entry k() { .reg .b64 %rd<2>;\np: .callprototype _ ();\ncall %rd1, p; ret; }",
        3, "indirect calls");
    refused(
        ".extern .func cosh();\n.entry k() {\ncall cosh; ret; }",
        3,
        "calls cosh, which has no body");
    refused(".entry j() { ret; }\n.entry k() {\ncall j; ret; }", 3, "calls kernel j");
    refused(
        ".func f() { ret; }\n.entry k() { .reg .b64 %rd<2>;\nmov.u64 %rd1, f; ret; }",
        3, "address of function f");
    refused(
        ".func f(.param .b32 a) { ret; }\n.entry k() {\ncall f; ret; }",
        3,
        "has 1 arguments, with 0");
    refused(
        ".func (.param .b32 r) f() { ret; }\n.entry k() {\ncall f; ret; }",
        3,
        "has 1 results, with 0");
    refused(".entry other() { ret; }", 0, "no kernel k, it has [other]");
  }

  @Test
  void aKernelThatGrowsBeyondBoundsIsRefused() {
    StringBuilder doubling = new StringBuilder(".func f0() { ret; }\n");
    for (int i = 1; i < 40; i++) {
      doubling.append(".func f%d() { call f%d; call f%d; ret; }%n".formatted(i, i - 1, i - 1));
    }
    PtxException refusal =
        assertThrows(PtxException.class, () -> link(doubling + ".entry k() { call f39; ret; }"));
    assertTrue(
        refusal.getMessage().contains("more than 1000000 instructions"), refusal.getMessage());
  }

  @Test
  void linkingIsTheSameEveryTime() {
    String text =
        ".func f(.reg .b32 a) { .local .b32 d; st.local.b32 [d], a; ret; }\n.entry k() { call f, (1); call f, (2); ret; }";
    LinkedKernel first = link(text);
    LinkedKernel second = link(text);
    assertEquals(first.code(), second.code());
    assertEquals(names(first.local()), names(second.local()));
  }
}
