(* Examples of inner-product spaces: the real line, products, and R^d. *)
From Coq Require Import Reals Lra Psatz.
From Pep Require Import Space.
Open Scope R_scope.

Definition line : inner_space.
Proof. refine (InnerSpace R 0 Rplus Rmult Rmult _ _ _ _ _ _ _ _ _ _ _ _); intros; try ring. nra. Defined.

Definition point_space : inner_space.
Proof.
  refine (InnerSpace unit tt (fun _ _ => tt) (fun _ _ => tt) (fun _ _ => 0) _ _ _ _ _ _ _ _ _ _ _ _);
    intros; try ring; try (destruct x; reflexivity); try reflexivity. lra.
Defined.

Definition product (A B : inner_space) : inner_space.
Proof.
  refine (InnerSpace (A * B)%type (zero, zero)
    (fun x y => (plus (fst x) (fst y), plus (snd x) (snd y)))
    (fun a x => (times a (fst x), times a (snd x)))
    (fun x y => inner (fst x) (fst y) + inner (snd x) (snd y)) _ _ _ _ _ _ _ _ _ _ _ _); intros; simpl.
  - rewrite (plus_comm A), (plus_comm B). reflexivity.
  - rewrite (plus_assoc A), (plus_assoc B). reflexivity.
  - destruct x; simpl; rewrite (plus_zero A), (plus_zero B). reflexivity.
  - rewrite (plus_opposite A), (plus_opposite B). reflexivity.
  - destruct x; simpl; rewrite (times_one A), (times_one B). reflexivity.
  - rewrite (times_times A), (times_times B). reflexivity.
  - rewrite (times_plus A), (times_plus B). reflexivity.
  - rewrite (plus_times A), (plus_times B). reflexivity.
  - rewrite (inner_sym A), (inner_sym B). reflexivity.
  - rewrite (inner_plus A), (inner_plus B). ring.
  - rewrite (inner_times A), (inner_times B). ring.
  - pose proof (inner_pos A (fst x)). pose proof (inner_pos B (snd x)). lra.
Defined.

(* Euclidean space R^d. *)
Fixpoint euclidean (d : nat) : inner_space := match d with
  | O => point_space
  | S d' => product line (euclidean d')
  end.
