// The process is killed before and after every single call that it makes; another one takes over and gets everything done,
// as if nothing had happened.
import t from 'tap';
import { crashesAt, live } from './crash-points.ts';
import { STORIES } from './crash-stories.ts';

for (const story of STORIES) {
  t.test(story.title, async (t) => {
    const whole = await live(story);
    t.same(whole.faults, []);
    t.same(whole.idleWrites, []);
    const crashes = crashesAt(whole.calls);
    for (const crash of crashes) {
      const { state, traffic, faults, idleWrites } = await live(story, crash);
      const expected = { state: whole.state, traffic: whole.traffic, faults: [], idleWrites: [] };
      const when = `${whole.calls[crash.at]} ${crash.fate}`;
      t.same({ state, traffic, faults, idleWrites }, expected, when);
    }
    t.comment(`${crashes.length} crashes`);
  });
}
