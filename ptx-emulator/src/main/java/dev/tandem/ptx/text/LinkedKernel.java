package dev.tandem.ptx.text;

import java.util.List;

/**
 * A kernel with all device functions in place of their calls: straight code with jumps, no calls but those of the system's
 * own ({@code vprintf}, {@code __assertfail}, {@code malloc}, {@code free}), which keep the opcode {@code call}. A {@code ret}
 * of an inlined function has become a {@code bra} to the end of it; one of the kernel itself stays, and the last instruction
 * is always one that does not go on to the next.
 *
 * <p>Operands of what is not straight code:
 *
 * <ul>
 *   <li>{@code bra}: one {@link Operand.Target}.
 *   <li>{@code brx}: the index, then a {@link Operand.Target} for each index from 0.
 *   <li>{@code call}: the results (none or one), the callee as {@link Operand.FunctionAddress}, the arguments. A result or
 *       argument is an {@link Operand.Symbol} of a variable in {@link #local} that holds it, or, where the PTX was written so,
 *       a register, a literal or a {@link Operand.Sink}. As nvcc declares them: {@code (b32) vprintf (b64 format, b64
 *       arguments)} with generic addresses, the arguments packed at their natural alignment, {@code __assertfail (b64 message,
 *       b64 file, b32 line, b64 function, b64 character size)} with generic addresses, {@code (b64) malloc (b64 bytes)} and
 *       {@code free (b64 address)}.
 * </ul>
 *
 * <p>Only the kernel's own parameters are in {@code .param} space: what a {@code .param} of a call or of a device function was
 * is in {@code .local} space, instructions' modifiers included.
 *
 * @param parameters their variables, placed: see {@link #offsets}
 * @param offsets where each parameter begins in the launch's packed arguments
 * @param shared static shared variables of the kernel and of what it calls, then extern ones
 * @param local local variables, and the parameters of calls and of inlined functions, a set for each inlined call
 */
public record LinkedKernel(
    String name,
    List<Variable> parameters,
    List<Long> offsets,
    long parameterBytes,
    List<Instruction> code,
    List<Variable> shared,
    List<Variable> local,
    Function.Limits limits) {}
