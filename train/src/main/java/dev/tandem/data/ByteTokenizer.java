package dev.tandem.data;

import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** One token a byte of UTF-8; the token is the byte, from 0 to 255. */
public record ByteTokenizer() implements Tokenizer {
  @Override
  public String name() {
    return "bytes";
  }

  @Override
  public int size() {
    return 256;
  }

  @Override
  public int[] encode(String text) {
    return tokens(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public byte[] bytes(int token) {
    return new byte[] {(byte) Tokenizer.checked(token, size())};
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  static int[] tokens(byte[] bytes) {
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = bytes[i] & 0xFF;
    }
    return tokens;
  }
}
