package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes the loop over a warp's lanes for a {@link Form}: one class a form, once in the life of the virtual machine, shared
 * by all programs.
 *
 * <p>Why bytecode: a loop that calls its function through an interface is compiled once for all functions, and was measured
 * 22 times slower after it had seen five. A class of its own has the function inlined. {@link LaneCode} writes what happens
 * to one lane, apart from the loop round it, so that a run of several forms can one day share a loop.
 */
final class LoopFactory {
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
  private static final ConcurrentHashMap<Form, MethodHandle> CLASSES = new ConcurrentHashMap<>();

  private static final ClassDesc WARP = Warp.class.describeConstable().orElseThrow();
  private static final ClassDesc STEP = LaneStep.class.describeConstable().orElseThrow();
  private static final ClassDesc TEST = LaneTest.class.describeConstable().orElseThrow();
  private static final ClassDesc INSTRUCTION = Instruction.class.describeConstable().orElseThrow();
  private static final ClassDesc INTS = ConstantDescs.CD_int.arrayType();
  private static final ClassDesc ROW = ConstantDescs.CD_long.arrayType();
  private static final ClassDesc ROWS = ROW.arrayType();
  private static final String[] FIELDS = {"a", "b", "c", "d"};

  private static final int THIS = 0;
  private static final int WARP_LOCAL = 1;
  private static final int MASK = 2;

  private LoopFactory() {}

  /**
   * A step for a form that has a value.
   *
   * @param from slots of the operands, in order
   */
  static LaneStep step(Form form, Instruction instruction, int to, int... from) {
    try {
      return (LaneStep) constructor(form).invoke(instruction, to, from);
    } catch (Throwable e) {
      throw new IllegalStateException("loop: cannot be made for " + form, e);
    }
  }

  /** A test for a form whose result is a predicate. */
  static LaneTest test(Form form, int... from) {
    try {
      return (LaneTest) constructor(form).invoke(from);
    } catch (Throwable e) {
      throw new IllegalStateException("loop: cannot be made for " + form, e);
    }
  }

  private static MethodHandle constructor(Form form) {
    return CLASSES.computeIfAbsent(form, LoopFactory::define);
  }

  private static MethodHandle define(Form form) {
    MethodType parameters =
        form.test()
            ? MethodType.methodType(void.class, int[].class)
            : MethodType.methodType(void.class, Instruction.class, int.class, int[].class);
    try {
      MethodHandles.Lookup made = LOOKUP.defineHiddenClass(bytes(form), true);
      return made.findConstructor(made.lookupClass(), parameters);
    } catch (IllegalAccessException | NoSuchMethodException e) {
      throw new IllegalStateException("loop: cannot be made for " + form, e);
    }
  }

  private static byte[] bytes(Form form) {
    String name = "Loop_" + form.main().method().getName();
    ClassDesc self = ClassDesc.of(LoopFactory.class.getPackageName(), name);
    ClassDesc parent = form.test() ? TEST : STEP;
    return ClassFile.of()
        .build(
            self,
            type -> {
              type.withSuperclass(parent).withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
              constructor(type, parent, form.test());
              MethodTypeDesc run =
                  MethodTypeDesc.of(
                      form.test() ? ConstantDescs.CD_int : ConstantDescs.CD_void,
                      WARP,
                      ConstantDescs.CD_int);
              type.withMethodBody(
                  form.test() ? "test" : "run",
                  run,
                  form.test() ? 0 : ClassFile.ACC_PUBLIC,
                  code -> loops(code, form, parent));
            });
  }

  private static void constructor(ClassBuilder type, ClassDesc parent, boolean test) {
    MethodTypeDesc parameters =
        test
            ? MethodTypeDesc.of(ConstantDescs.CD_void, INTS)
            : MethodTypeDesc.of(ConstantDescs.CD_void, INSTRUCTION, ConstantDescs.CD_int, INTS);
    type.withMethodBody(
        ConstantDescs.INIT_NAME,
        parameters,
        0,
        code -> {
          code.aload(0).aload(1);
          if (!test) {
            code.iload(2).aload(3);
          }
          code.invokespecial(parent, ConstantDescs.INIT_NAME, parameters).return_();
        });
  }

  /** A counted loop where all lanes take part, which is most of the time, and one that looks for them. */
  private static void loops(CodeBuilder code, Form form, ClassDesc parent) {
    int lane = code.allocateLocal(TypeKind.INT);
    int result = code.allocateLocal(form.test() ? TypeKind.INT : TypeKind.REFERENCE);
    int[] operands = operands(code, form, parent);
    if (form.test()) {
      code.iconst_0().istore(result);
    } else {
      row(code, parent, "to", result);
    }
    LaneCode one = new LaneCode(form, operands, lane, result);
    Label some = code.newLabel();
    Label end = code.newLabel();
    code.iload(MASK).iconst_m1().if_icmpne(some);
    everyLane(code, lane, one);
    code.goto_(end);
    code.labelBinding(some);
    lanesOfMask(code, lane, one);
    code.labelBinding(end);
    if (form.test()) {
      code.iload(result).ireturn();
    } else {
      code.return_();
    }
  }

  private static int[] operands(CodeBuilder code, Form form, ClassDesc parent) {
    int[] operands = new int[form.sources().size()];
    for (int i = 0; i < operands.length; i++) {
      if (form.sources().get(i) == Type.PRED) {
        operands[i] = code.allocateLocal(TypeKind.INT);
        code.aload(WARP_LOCAL).aload(THIS).getfield(parent, FIELDS[i], ConstantDescs.CD_int);
        code.invokestatic(
            TEST, "predicate", MethodTypeDesc.of(ConstantDescs.CD_int, WARP, ConstantDescs.CD_int));
        code.istore(operands[i]);
      } else {
        operands[i] = code.allocateLocal(TypeKind.REFERENCE);
        row(code, parent, FIELDS[i], operands[i]);
      }
    }
    return operands;
  }

  private static void row(CodeBuilder code, ClassDesc parent, String field, int local) {
    code.aload(WARP_LOCAL).getfield(WARP, "r", ROWS);
    code.aload(THIS).getfield(parent, field, ConstantDescs.CD_int).aaload().astore(local);
  }

  private static void everyLane(CodeBuilder code, int lane, LaneCode one) {
    Label head = code.newLabel();
    Label done = code.newLabel();
    code.iconst_0().istore(lane).labelBinding(head);
    code.iload(lane).bipush(Warp.LANES).if_icmpge(done);
    one.write(code);
    code.iinc(lane, 1).goto_(head).labelBinding(done);
  }

  private static void lanesOfMask(CodeBuilder code, int lane, LaneCode one) {
    Label head = code.newLabel();
    Label done = code.newLabel();
    code.labelBinding(head).iload(MASK).ifeq(done).iload(MASK);
    code.invokestatic(
        ConstantDescs.CD_Integer,
        "numberOfTrailingZeros",
        MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int));
    code.istore(lane);
    code.iload(MASK).iload(MASK).iconst_1().isub().iand().istore(MASK);
    one.write(code);
    code.goto_(head).labelBinding(done);
  }
}
