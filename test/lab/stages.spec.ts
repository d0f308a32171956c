/*
 * A testbed's furniture: stages are told with their seconds, a failed one by its name; what does not add up is told and counts; a wait has
 * an end.
 */
import { expect } from 'chai';
import { addsUp, createStages } from '../../lab/testbed/stages.ts';

function opened(ended = (): boolean => false) {
  const said: string[] = [];
  return { said, stages: createStages({ say: (text) => void said.push(text), ended }) };
}

async function thrownBy(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was thrown',
    (thrown: Error) => thrown.message,
  );
}

describe('the stages of a testbed', () => {
  it('are told as they begin and end, and kept with what came of them', async () => {
    const { said, stages } = opened();
    const made = await stages.run(
      'coins are mined',
      async () => 7,
      (count) => `${count} blocks`,
    );
    await stages.run('nodes start', async () => {});
    expect(made).equal(7);
    expect(said.join('')).match(/^coins are mined \.\.\. \d+\.\d s: 7 blocks\nnodes start \.\.\. \d+\.\d s\n$/);
    expect(stages.stages.map(({ stage, told }) => [stage, told])).deep.equal([
      ['coins are mined', '7 blocks'],
      ['nodes start', ''],
    ]);
    for (const { seconds } of stages.stages) expect(seconds).within(0, 60);
  });

  it('one that fails is told, and what it threw goes on', async () => {
    const { said, stages } = opened();
    const failing = stages.run('a payout', () => Promise.reject(new Error('no funds')));
    expect(await thrownBy(failing)).equal('no funds');
    expect(said.join('')).match(/^a payout \.\.\. failed after \d+\.\d s\n$/);
    expect(stages.stages).deep.equal([]);
  });

  it('what does not add up is told, and counts; so does having checked nothing', () => {
    const { said, stages } = opened();
    expect(addsUp(stages)).equal(false);
    stages.check('paid is received', 5n, 5n);
    expect([addsUp(stages), said]).deep.equal([true, []]);
    // Of another kind is another.
    stages.check('paid is received', 5n, '5');
    stages.check('receipts', 4, 3);
    expect(stages.checks.map((one) => one.adds)).deep.equal([true, false, false]);
    expect(said.at(-1)).equal('NOT so: receipts: expected 4, found 3\n');
    expect(addsUp(stages)).equal(false);
  });

  it('a wait ends with what came, or says what did not', async () => {
    const { stages } = opened();
    let looks = 0;
    expect(await stages.awaited('three looks', 60, async () => ((looks += 1) === 3 ? 'here' : null))).equal('here');
    expect(looks).equal(3);
    expect(await thrownBy(stages.awaited('the impossible', 0, async () => null))).match(/the impossible\n.*\[testbed-late\]$/);
  });

  it('end when the person wants it: before a stage, and while one waits', async () => {
    let wanted = false;
    const { stages } = opened(() => wanted);
    const waiting = stages.run('a block', () =>
      stages.awaited('the block', 60, async () => {
        wanted = true;
        return null;
      }),
    );
    expect(await thrownBy(waiting)).match(/the block\n.*\[testbed-ended\]$/);
    expect(await thrownBy(stages.run('the next', async () => {}))).match(/the next\n.*\[testbed-ended\]$/);
  });
});
