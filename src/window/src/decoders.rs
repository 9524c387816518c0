//! Tasks that decode pictures: few at once, the others wait for their turn.

use std::{
    collections::VecDeque,
    io,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

type Task = Box<dyn FnOnce() + Send>;

/// A queue of tasks and the threads that work it off; they end with the queue.
#[derive(Clone, Default)]
pub struct Decoders(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Task>,
    threads: usize,
}

/// Half of the processors: the run needs the others.
fn most_threads() -> usize {
    (thread::available_parallelism().map_or(1, NonZero::get) / 2).clamp(2, 4)
}

impl Decoders {
    /// Run a task when its turn has come. The task may not panic.
    ///
    /// # Errors
    ///
    /// If no thread can be started and none is there.
    pub fn start(&self, task: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.push_back(Box::new(task));
        if queue.threads >= most_threads() {
            return Ok(());
        }
        let theirs = self.clone();
        match thread::Builder::new().name("impasto-open".into()).spawn(move || theirs.work()) {
            Ok(_) => queue.threads += 1,
            // Another thread will come to it.
            Err(_) if queue.threads > 0 => {}
            Err(error) => {
                queue.waiting.pop_back();
                return Err(error);
            }
        }
        Ok(())
    }

    fn work(&self) {
        while let Some(task) = self.next() {
            task();
        }
    }

    fn next(&self) -> Option<Task> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let task = queue.waiting.pop_front();
        queue.threads -= usize::from(task.is_none());
        task
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[test]
    fn of_many_tasks_few_run_at_once_and_all_are_done() {
        let decoders = Decoders::default();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (done, results) = crossbeam_channel::unbounded();
        for round in 0..2 {
            for index in 0..50 {
                let (now, most, done) = (Arc::clone(&now), Arc::clone(&most), done.clone());
                let task = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(1));
                    now.fetch_sub(1, Ordering::SeqCst);
                    done.send(index).unwrap();
                };
                decoders.start(task).unwrap();
            }
            let mut indices: Vec<i32> =
                (0..50).map(|_| results.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..50), "round {round}");
        }
        assert!((1..=most_threads()).contains(&most.load(Ordering::SeqCst)));
    }
}
