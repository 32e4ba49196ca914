import t from 'tap';
import { describeProblems, fail, ok } from '../../shared/problem.ts';

t.test('a result is a value, or all that is wrong with it', async (t) => {
  const problem = { code: 'Taken', path: 'spec', message: 'it is taken' };
  t.same(ok(7), { ok: true, value: 7 });
  t.same(fail(problem, problem), { ok: false, problems: [problem, problem] });
});

t.test('problems make one line, each with its path where it has one', async (t) => {
  const problems = [
    { code: 'InvalidCIDR', path: 'spec.cidrAssignments[0].CIDR', message: 'it has host bits' },
    { code: 'Taken', path: '', message: 'it is taken' },
  ];
  t.equal(describeProblems(problems), 'spec.cidrAssignments[0].CIDR: it has host bits; it is taken');
  t.equal(describeProblems([]), '');
});

t.test('a path is said once for the problems that share it', async (t) => {
  const at = (path: string, message: string) => ({ code: 'Wrong', path, message });
  t.equal(describeProblems([at('a', 'one'), at('a', 'two'), at('b', 'three')]), 'a: one; two; b: three');
});
