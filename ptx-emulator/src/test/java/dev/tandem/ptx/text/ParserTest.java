package dev.tandem.ptx.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserTest {
  private static final String HEADER = ".version 9.0\n.target sm_80\n.address_size 64\n";

  private static PtxModule module(String rest) {
    return Parser.parse(HEADER + rest);
  }

  /** The statements of a kernel with this body, one a line. */
  private static String body(String body) {
    PtxModule module =
        module(
            ".global .align 4 .b8 g[64];\n.shared .f32 s[4];\n.entry k(.param .u64 a) {\n"
                + REGISTERS
                + body
                + "\n}");
    StringBuilder text = new StringBuilder();
    module.functions().get("k").body().forEach(s -> text.append(Listing.of(s)).append('\n'));
    return text.toString();
  }

  private static final String REGISTERS =
      ".reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<20>, single; .reg .b64 %rd<8>; .reg .f32 %f<8>; .reg .f64 %fd<4>;\n";

  /** Line of the body's first line, in what {@link #body} parses. */
  private static final int FIRST = 8;

  private static void bodyRefused(String body, int lineOfBody, String part) {
    PtxException refusal = assertThrows(PtxException.class, () -> body(body));
    assertEquals(FIRST + lineOfBody, refusal.line(), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  private static void refused(String rest, int line, String part) {
    PtxException refusal = assertThrows(PtxException.class, () -> module(rest));
    assertEquals(3 + line, refusal.line(), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  private static Variable variable(String declaration, String name) {
    return module(declaration).variables().get(name);
  }

  private static ByteBuffer content(String declaration) {
    return ByteBuffer.wrap(variable(declaration, "x").initial()).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void headerAndModuleDirectives() {
    PtxModule module =
        Parser.parse(
            """
            // comment
            .version 8.3
            .target sm_90a, debug
            .address_size 64
            .file 1 "a.cu", 1700000000, 123
            .pragma "nounroll";
            .section .debug_str { $L__info_string0: .b8 1,2,3 { } .b32 $L1-$L2+4 .b64 .debug_abbrev }
            .section	.debug_abbrev
            {
            .b8 1
            }
            """);
    assertEquals("8.3", module.version());
    assertEquals("sm_90a", module.target());
    assertEquals(List.of(), module.kernels());
  }

  @Test
  void headerErrors() {
    assertEquals(1, assertThrows(PtxException.class, () -> Parser.parse(".target sm_80")).line());
    PtxException narrow =
        assertThrows(
            PtxException.class,
            () -> Parser.parse(".version 7.0\n.target sm_80\n.address_size 32\n"));
    assertEquals(
        "line 3: .address_size is 64 here, got 32; compile for 64 bits", narrow.getMessage());
    assertTrue(
        assertThrows(PtxException.class, () -> Parser.parse(".version 7.0\n.entry k() { ret; }"))
            .getMessage()
            .contains(".target"));
    refused(".section .debug_x {\n{ }", 1, "section without an end");
    refused("foo", 1, "expected a directive, got 'foo'");
    refused(".frob x;", 1, "expected a directive, got '.frob'");
    refused(".reg .b32 %r;", 1, ".reg outside functions");
    refused(".tex .u32 t;", 1, "textures");
    refused(".global .texref t;", 1, "textures");
  }

  @Test
  void variablesHaveSizesAlignmentsAndDefaults() {
    Variable array = variable(".visible .global .align 16 .b8 x[3][5];", "x");
    assertEquals(15, array.bytes());
    assertEquals(16, array.alignment());
    assertEquals(Space.GLOBAL, array.space());
    assertArrayEquals(new byte[0], array.initial());
    Variable vector = variable(".const .v4 .f32 x[2];", "x");
    assertEquals(32, vector.bytes());
    assertEquals(16, vector.alignment());
    assertEquals(4, variable(".weak .global .u32 x;", "x").alignment());
    Variable dynamic = variable(".extern .shared .align 16 .b8 x[];", "x");
    assertTrue(dynamic.extern());
    assertEquals(0, dynamic.bytes());
    assertNull(dynamic.initial());
    assertNull(variable(".shared .u32 x;", "x").initial());
    assertEquals(
        8, variable(".visible .global .attribute(.managed) .align 8 .u64 x;", "x").bytes());
    assertEquals(4, variable(".common .global .u32 x;", "x").bytes());
    assertEquals(8, variable(".global .u32 y, x[2], z;", "x").bytes());
  }

  @Test
  void initialisersOfIntegers() {
    ByteBuffer nested = content(".global .s32 x[2][3] = {{1, 2}, {-3, 0x10, 0b11U}};");
    int[] values = new int[6];
    nested.asIntBuffer().get(values);
    assertArrayEquals(new int[] {1, 2, 0, -3, 16, 3}, values);
    ByteBuffer flat = content(".global .b16 x[2][2] = {1, 2, 3};");
    assertEquals(6, flat.capacity());
    assertEquals(3, flat.getShort(4));
    assertEquals(3, variable(".global .b8 x[] = {1, 2, 255};", "x").bytes());
    assertEquals(7, content(".const .u64 x = 7;").getLong(0));
    ByteBuffer mixed = content(".global .s8 x[2][2] = {{1}, 2, 3};");
    assertArrayEquals(new byte[] {1, 0, 2, 3}, mixed.array());
    ByteBuffer vectors = content(".global .v2 .u16 x[2] = {{1}, {2, 3}};");
    assertEquals(0x0000_0001, vectors.getInt(0));
    assertEquals(0x0003_0002, vectors.getInt(4));
  }

  @Test
  void initialisersOfFloats() {
    assertEquals(Math.PI, content(".global .f64 x = 0d400921FB54442D18;").getDouble(0));
    assertEquals(1.5f, content(".global .f32 x = 1.5;").getFloat(0));
    assertEquals(2f, content(".global .f32 x = 2;").getFloat(0));
    assertEquals(-1f, content(".global .f32 x = -0f3F800000;").getFloat(0));
    assertEquals(0x7FC0_1234, content(".global .f32 x = 0f7FC01234;").getInt(0));
    assertEquals(0x3F80_0000, content(".global .b32 x = 0f3F800000;").getInt(0));
  }

  @Test
  void initialisersOfAddresses() {
    Variable pointers =
        variable(
            ".global .u32 a[4]; .const .u8 b; .global .u64 x[4] = {a, 5, generic(a)+4, b-1};", "x");
    assertEquals(
        List.of(
            new Variable.AddressOf(0, "a", 0, false),
            new Variable.AddressOf(16, "a", 4, true),
            new Variable.AddressOf(24, "b", -1, false)),
        pointers.addresses());
    assertEquals(5, ByteBuffer.wrap(pointers.initial()).order(ByteOrder.LITTLE_ENDIAN).getLong(8));
  }

  @Test
  void badInitialisersAreRefused() {
    refused(".global .u32 x[2] = {1,\n2, 3};", 2, "3 values for 2");
    refused(".global .u32 x = {{1}};", 1, "braces inside braces");
    refused("\n.func f() { ret; }\n.global .u64 x = f;", 3, "address of function f");
    refused(".global .u64 x = nothing;", 1, "nothing");
    refused(".shared .u32 s; .global .u64 x = s;", 1, "no global or constant variable");
    refused(".global .u32 a; .global .u32 x = a;", 1, "takes 8 bytes");
    refused(".global .u32 a; .global .b8 x[8] = {0xff(a)};", 1, "mask");
    refused(".global .u32 a; .global .b8 x[8] = {mask(a)};", 1, "mask");
    refused(".global .b16 x = 1.5;", 1, "write its bits");
    refused(".global .u32 x[];", 1, "without a length");
    refused(".global .u32 x[-1];", 1, "length");
    refused(".global .align 3 .u32 x;", 1, "power of two");
    refused(".global .u32 x;\n.global .u32 x;", 2, "defined twice");
    refused(".global .pred x;", 1, "predicates");
    refused(".global x;", 1, "expected a type, got 'x'");
    refused(".global .u32 x", 1, "';' after a declaration");
  }

  @Test
  void anExternDeclarationGivesWayToTheDefinition() {
    assertEquals(
        8,
        variable(".extern .global .u32 x[];\n.global .u32 x[2];\n.extern .global .u32 x[];", "x")
            .bytes());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "1 + 2 * 3; 7",
        "(1 + 2) * 3; 9",
        "-7 / 2; -3",
        "-7 % 4; -3",
        "-7U / 2; 9223372036854775804",
        "-1 >> 1; -1",
        "-1U >> 63; 1",
        "1 << 62 >> 60; 4",
        "1 << 64; 0",
        "~0x0F & 0xFF; 240",
        "6 ^ 3 | 8; 13",
        "1 < 2 && 2 <= 2; 1",
        "!5 || 0; 0",
        "-1 < 0; 1",
        "-1 < 0U; 0",
        "(.u64) -1 > 1; 1",
        "(.s64) 18446744073709551615U < 1; 1",
        "3 == 4 ? 5 : 6 != 7 ? 8 : 9; 8",
        "1.5 < 2; 1",
        "WARP_SZ - 1; 31",
        "0xFFFFFFFFFFFFFFFF; -1",
        "017; 15",
        "+3; 3"
      })
  void constantExpressions(String expression, long value) {
    assertEquals("mov.b64 %rd1, " + value + "\n", body("mov.b64 %rd1, " + expression + ";"));
  }

  @Test
  void floatingConstants() {
    assertEquals("mov.f32 %f1, 0f3F800000\n", body("mov.f32 %f1, 0F3f800000;"));
    assertEquals("mov.f32 %f1, 0fBF800000\n", body("mov.f32 %f1, -0f3F800000;"));
    assertEquals("mov.f64 %fd1, 0d4004000000000000\n", body("mov.f64 %fd1, 1.0 + 3 / 2.0;"));
    bodyRefused("mov.b32 %r1, 1 / 0;", 0, "divided by zero");
    bodyRefused("mov.b32 %r1, 1.5 % 2;", 0, "not for floating constants");
    bodyRefused("mov.b32 %r1, 99999999999999999999;", 0, "64 bits");
    bodyRefused("mov.b32 %r1, (1 + ;", 0, "expected a constant, got ';'");
  }

  @Test
  void operandsOfEveryKind() {
    assertEquals(
        """
        setp.lt.and.s32 %p1|%p2, %r1, -5, !%p3
        shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, -1
        ld.global.v4.f32 {%f1, _, %f2, %f3}, [%rd1+-16]
        ld.shared.f32 %f1, [s+8]
        st.global.u32 [g], single
        ld.shared.f32 %f1, [64]
        ld.param.u64 %rd1, [a]
        mov.u32 %r1, %tid.x
        mov.u32 %r2, %lanemask_lt
        mov.u64 %rd2, %clock64
        mov.u32 %r3, %envreg31
        mov.u32 %r4, %dynamic_smem_size
        mov.u32 %r5, 32
        mov.v4.u32 {%r1, %r2, %r3, %r4}, {%ctaid.x, %ctaid.y, %ctaid.z, 0}
        mov.u64 %rd3, g+4
        ld.global.f32 %f1, [s+8]
        mov.b32 %r7, s+4
        atom.global.add.u32 _, [%rd1+4], 1
        cp.async.cg.shared.global [%r1], [%rd1+-8], 16, %r2
        @%p1 add.s32 %r1, %r2, %r3
        @!%p1 exit
        bar.sync 0
        ld.global.L1::evict_last.b32 %r1, [%rd1]
        """,
        body(
            """
            setp.lt.and.s32 %p1|%p2, %r1, -5, !%p3;
            shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, -1;
            ld.global.v4.f32 {%f1, _, %f2, %f3}, [%rd1+-16];
            ld.shared.f32 %f1, [s+4*2];
            st.global.u32 [g], single;
            ld.shared.f32 %f1, [0x40];
            ld.param.u64 %rd1, [a];
            mov.u32 %r1, %tid.x;
            mov.u32 %r2, %lanemask_lt;
            mov.u64 %rd2, %clock64;
            mov.u32 %r3, %envreg31;
            mov.u32 %r4, %dynamic_smem_size;
            mov.u32 %r5, WARP_SZ;
            mov.v4.u32 {%r1, %r2, %r3, %r4}, %ctaid;
            mov.u64 %rd3, g+4;
            ld.global.f32 %f1, s[2];
            mov.b32 %r7, s[1];
            atom.global.add.u32 _, [%rd1+4], 1;
            cp.async.cg.shared.global [%r1], [%rd1-8], 16, %r2;
            @%p1 add.s32 %r1, %r2, %r3;
            @ !%p1 exit;
            bar.sync 0;
            ;
            ld.global.L1::evict_last.b32 %r1, [%rd1];
            """));
  }

  @Test
  void vectorRegistersAreTheirParts() {
    assertEquals(
        "mov.f32 v.x, 0f00000000\nadd.f32 v.w, v.y, w2.x\nst.global.v4.f32 [%rd1], {v.x, v.y, v.z, v.w}\n",
        body(
            ".reg .v4 .f32 v; .reg .v2 .f32 w<3>; mov.f32 v.x, 0f00000000; add.f32 v.a, v.g, w2.r; st.global.v4.f32 [%rd1], v;"));
    bodyRefused(".reg .v2 .f32 v;\nmov.f32 %f1, v.z;", 1, "no such part");
    bodyRefused("mov.b32 %r1, %r2.b0;", 0, "video instructions");
  }

  @Test
  void namesOfNumberedRegistersMayEndInDigits() {
    assertEquals(
        "mov.b32 %x12, %x11\n", body(".reg .b32 %x1<3>; .reg .b64 %x<2>; mov.b32 %x12, %x11;"));
    bodyRefused("mov.b32 %r1, %r20;", 0, "%r20 is not declared");
    bodyRefused("mov.b32 %r1, %r01;", 0, "%r01 is not declared");
  }

  @Test
  void innerScopesShadowOuterOnes() {
    assertEquals(
        """
        mov.b32 %r1#1, 1
        L:
        @%p1#1 bra [L]
        mov.b32 %r1#2, single
        L#3:
        bra.uni [L#3]
        bra [L#6]
        L#6:
        mov.b32 %r1, 3
        """,
        body(
            """
            { .reg .b32 %r<2>; .reg .pred %p<2>; mov.b32 %r1, 1; L: @%p1 bra L;
              { .reg .b32 %r1; mov.b32 %r1, single; L: bra.uni L; } }
            { bra L; { } L: }
            mov.b32 %r1, 3;
            """));
  }

  @Test
  void callVariablesGetNamesOfTheirOwn() {
    PtxModule module =
        module(
            """
            .func (.param .b32 r) f(.param .b32 a) { ret; }
            .entry k() { .reg .b32 %r<2>;
            { .param .b32 p; .param .align 8 .b8 q[12]; st.param.b32 [p+0], %r1; call.uni (q), f, (p); }
            { .param .b32 p; st.param.b32 [p], %r1; call f; }
            }
            """);
    List<Variable> variables = module.functions().get("k").variables();
    assertEquals(List.of(4L, 12L, 4L), variables.stream().map(Variable::bytes).toList());
    assertEquals(3, variables.stream().map(Variable::name).distinct().count());
    assertEquals(8, variables.get(1).alignment());
    Statement.Call call = (Statement.Call) module.functions().get("k").body().get(1);
    assertEquals("f", call.function());
    assertEquals(variables.get(1), ((Operand.Symbol) call.results().getFirst()).variable());
    assertEquals(variables.get(0), ((Operand.Symbol) call.arguments().getFirst()).variable());
  }

  @Test
  void callsOfAllForms() {
    String functions =
        ".func (.reg .b32 r) f(.reg .b32 a, .reg .b32 b); .func g(.reg .b32 a); .func h; .func (.reg .b32 r) i;\n";
    PtxModule module =
        module(
            functions
                + """
                .entry k() { .reg .b32 %r<4>; .reg .b64 %rd<2>; .reg .pred %p<2>;
                call.uni (%r1), f, (%r2, 7);
                call g, (%r1);
                @%p1 call h;
                call (_), i;
                proto: .callprototype (.param .b32 _) _ (.param .b32 _, .param .b64 _) ;
                list: .calltargets f, g;
                call (%r1), %rd1, (%r2), proto;
                call %rd1, list;
                }
                """);
    List<Statement> body = module.functions().get("k").body();
    assertEquals(
        List.of(
            "call.uni %r1, &f, %r2, 7",
            "call &g, %r1", "@%p1 call &h", "call _, &i", "call %r1, %rd1, %r2", "call %rd1"),
        body.stream().map(Listing::of).toList());
    assertEquals("h", ((Statement.Call) body.get(2)).function());
    assertNull(((Statement.Call) body.get(4)).function());
  }

  @Test
  void branchTables() {
    assertEquals(
        "brx.idx %r1 [A, B, A]\nA:\nB:\nret\n",
        body("ts: .branchtargets A,\n B, A;\nbrx.idx %r1, ts;\nA: B: ret;"));
    bodyRefused("\nbrx.idx %r1, ts;", 1, "no .branchtargets is called ts");
    bodyRefused("\n\nbra nowhere;", 2, "label nowhere");
    bodyRefused("{ L: }\nbra L;", 1, "label L stands nowhere in this scope");
    bodyRefused("L:\nL:", 1, "stands twice");
  }

  @Test
  void functionsWithDirectives() {
    PtxModule module =
        module(
            """
            .extern .func  (.param .b32 func_retval0) vprintf
            (
            	.param .b64 vprintf_param_0,
            	.param .b64 vprintf_param_1
            )
            ;
            .weak .func __assertfail (.param .b64 a) .noreturn;
            .visible .func .attribute(.unified(19, 95)) u() .abi_preserve 4 { ret; }
            .visible .entry k(
              .param .u64 .ptr .global .align 32 a,
              .param .align 8 .b8 s[24],
              .param .f32 x
            ) .maxntid 128, 2 .minnctapersm 2 .maxnreg 64 .pragma "nounroll";
            { ret; }
            .entry bare .reqntid 32 { ret; }
            """);
    assertEquals(List.of("k", "bare"), module.kernels());
    assertNull(module.functions().get("vprintf").body());
    Function kernel = module.functions().get("k");
    assertArrayEquals(new int[] {128, 2, 1}, kernel.limits().maxThreads());
    assertNull(kernel.limits().requiredThreads());
    assertArrayEquals(
        new int[] {32, 1, 1}, module.functions().get("bare").limits().requiredThreads());
    assertEquals(List.of(8, 8, 4), kernel.parameters().stream().map(Variable::alignment).toList());
    assertEquals(List.of(8L, 24L, 4L), kernel.parameters().stream().map(Variable::bytes).toList());
    refused(".entry k() .reqnctapercluster 2 { ret; }", 1, "clusters");
    refused(".entry k() .frob { ret; }", 1, "got '.frob'");
    refused(".func f() { ret; }\n.func f() { ret; }", 2, "defined twice, first on line 4");
    refused(".entry k(.b32 x) { ret; }", 1, "'.param' or '.reg'");
    refused(".entry k() .maxntid 1, 1, 1, 1 { ret; }", 1, "at most three");
  }

  @Test
  void anAliasIsASecondName() {
    PtxModule module =
        module(".func f() { trap; }\n.func g();\n.alias g, f;\n.entry k() { call g; ret; }");
    assertEquals("trap", Listing.of(module.functions().get("g").body().getFirst()));
    refused("\n.alias g, f;", 2, "no device function");
  }

  @Test
  void linesOfTheSource() {
    PtxModule module =
        module(
            """
            .entry k() {
            .loc 1 12 5
            bar.sync 0;
            .loc 2 7 1, function_name $L__info_string0+3, inlined_at 1 13 2
            bar.sync 1;
            .loc 1 40 9, function_name $L__info_string1, inlined_at 2 7 1
            bar.sync 2;
            .loc 2 7 1
            bar.sync 3;
            .loc 1 0 0
            ret;
            }
            .file 1 "gelu.cu"
            .file	2 "/usr/include/math.h", 1, 2
            """);
    List<Instruction> code =
        module.functions().get("k").body().stream()
            .map(s -> ((Statement.Do) s).instruction())
            .toList();
    assertEquals(new SourceLine("gelu.cu", 12), code.get(0).source());
    assertEquals(new SourceLine("gelu.cu", 13), code.get(1).source(), "where it was inlined");
    assertEquals(
        new SourceLine("gelu.cu", 40), code.get(2).source(), "inlined into what was inlined");
    assertEquals(
        new SourceLine("/usr/include/math.h", 7), code.get(3).source(), "a function of its own");
    assertNull(code.get(4).source());
    assertEquals(List.of(6, 8, 10, 12, 14), code.stream().map(Instruction::line).toList());
  }

  @Test
  void malformedBodiesAreRefusedWithTheirLine() {
    bodyRefused(
        "add.s32 %r1, %r2, %r3\nret;", 1, "expected ';' after the operands of add.s32, got 'ret'");
    bodyRefused("\nadd.s32 %r1, %r2,;", 1, "expected an operand of add, got ';'");
    bodyRefused("mov.b32 %r1, nothing;", 0, "nothing is not declared");
    bodyRefused("ld.global.b32 %r1, [nothing];", 0, "nothing is not declared");
    bodyRefused("ld.global.b32 %r1, [%rd1;", 0, "expected ']' after an address, got ';'");
    bodyRefused("@%r1 bra L;", 0, "a guard is a predicate, got %r1");
    bodyRefused("mov.b32 %r1, !%r2;", 0, "'!' goes before a predicate");
    bodyRefused(".reg .b32 %r<3>;", 0, "declared twice");
    bodyRefused("tex.2d.v4.f32.f32 {%f1,%f1,%f1,%f1}, [t, {%f1,%f2}];", 0, "textures");
    bodyRefused("cp.async.bulk.tensor.2d.shared [%r1], [%rd1, {%r1,%r2}];", 0, "tensors");
    bodyRefused("call f;", 0, "function f is not declared");
    bodyRefused(".frob;", 0, "expected a directive of a body, got '.frob'");
    bodyRefused("123", 0, "expected an instruction");
    refused(".entry k() {\nret;\n", 3, "got the end of the text");
  }
}
