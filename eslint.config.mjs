import tseslint from 'typescript-eslint';

const elsewhere = 'time and chance are arguments: only host/clock.ts and host/entropy.ts may name them (docs/rooms.md)';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'bin'] },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: elsewhere },
        { object: 'Math', property: 'random', message: elsewhere },
        { object: 'performance', property: 'now', message: elsewhere },
      ],
      'no-restricted-globals': ['error', { name: 'setTimeout', message: elsewhere }, { name: 'setInterval', message: elsewhere }],
    },
  },
  {
    files: ['host/clock.ts', 'host/entropy.ts', 'host/http/**', 'bench/measure.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-globals': 'off',
    },
  },
);
