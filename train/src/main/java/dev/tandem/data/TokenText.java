package dev.tandem.data;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * The text of tokens that come one by one. A character whose bytes come with several tokens is held back
 * until it is whole; all that is given out is together what {@link Tokenizer#decode} makes of all tokens.
 * For one thread.
 */
public final class TokenText {
  private final Tokenizer tokenizer;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** The beginning of a character, at most 3 bytes. */
  private byte[] held = {};

  /** Of no token yet. */
  public TokenText(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * The characters that this token makes whole, perhaps none. Throws {@link DataException} at a token that
   * the tokenizer does not have.
   */
  public String next(int token) {
    return decode(tokenizer.bytes(token), false);
  }

  /** What is left at the end: U+FFFD for a character that was never whole, else nothing. */
  public String end() {
    String last = decode(new byte[0], true);
    decoder.reset();
    return last;
  }

  private String decode(byte[] bytes, boolean end) {
    ByteBuffer in = ByteBuffer.allocate(held.length + bytes.length).put(held).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, end);
    held = new byte[in.remaining()];
    in.get(held);
    return out.flip().toString();
  }
}
