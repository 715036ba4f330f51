cat > r.rs <<'XX'
use std::collections::{BTreeMap, HashMap};
use std::sync::{mpsc, Arc, Mutex};
fn main() {
    let mut h: HashMap<String, Vec<u32>> = HashMap::new();
    for i in 0..5000u32 { h.entry(format!("k{}", i % 97)).or_default().push(i); }
    let b: BTreeMap<_, _> = h.iter().map(|(k, v)| (k.clone(), v.iter().sum::<u32>())).collect();
    println!("{} {:?}", b.len(), b.iter().next());
    let m = Arc::new(Mutex::new(0u64)); let (tx, rx) = mpsc::channel();
    let hs: Vec<_> = (0..4).map(|t| { let m = m.clone(); let tx = tx.clone(); std::thread::spawn(move || { for i in 0..500 { *m.lock().unwrap() += i * t; } tx.send(t).unwrap(); }) }).collect();
    for h in hs { h.join().unwrap(); } drop(tx);
    let mut v: Vec<u64> = rx.iter().collect(); v.sort(); println!("{} {:?}", m.lock().unwrap(), v);
    let r = std::panic::catch_unwind(|| { let v: Vec<i32> = vec![]; v[3] }); println!("{}", r.is_err());
    let s: String = "hello wörld".chars().rev().collect(); println!("{s} {:.3}", (2.0f64).sqrt());
    std::process::exit(2);
}
XX
rustc -O -g -o r r.rs 2>/dev/null || exit 0
$RUN ./r 2> err; echo $?; sed 's/([0-9]*) panicked/(tid) panicked/' err; rm r err
