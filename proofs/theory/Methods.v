(* First-order methods with fixed steps: the points that they visit, and these points as linear forms.

   The basis is b_0 = x_0 - o, for an origin o, and b_(1+i) = g(x_i) / (L D), for a common denominator D of the steps. *)
From Coq Require Import Reals Lra List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms.
Import ListNotations.
Open Scope R_scope.

Section Trajectories.
Context {V : inner_space}.
Variables (L : R) (g : V -> V).

(* x_0, .., x_N with x_(i+1) = x_i - (h_i / L) g(x_i) *)
Fixpoint gradient_descent (x : V) (steps : list R) : list V := x :: match steps with
  | [] => []
  | h :: steps' => gradient_descent (x - (h / L) * g x)%V steps'
  end.

Fixpoint combination (hs : list R) (us : list V) : V := match hs, us with
  | h :: hs', u :: us' => (h * u + combination hs' us')%V
  | _, _ => zero
  end.

Fixpoint fixed_step_from (x0 : V) (gradients : list V) (rows : list (list R)) : list V := match rows with
  | [] => []
  | row :: rows' =>
    let x := (x0 - (1 / L) * combination row gradients)%V in
    x :: fixed_step_from x0 (gradients ++ [g x]) rows'
  end.

(* x_0, .., x_N with x_i = x_0 - (1 / L) (h_i0 g(x_0) + .. + h_i(i-1) g(x_(i-1))) *)
Definition fixed_step (x0 : V) (rows : list (list R)) : list V := x0 :: fixed_step_from x0 [g x0] rows.
End Trajectories.

Definition final {V : inner_space} (points : list V) : V := last points zero.

Fixpoint least (l : list R) : R := match l with
  | [] => 0
  | [a] => a
  | a :: l' => Rmin a (least l')
  end.
(* The smallest |g(x_i)|^2. *)
Definition smallest_gradient {V : inner_space} (g : V -> V) (points : list V) : R :=
  least (map (fun x => norm2 (g x)) points).

Lemma least_below : forall l a, In a l -> least l <= a.
Proof.
  induction l as [|b l IH]; intros a H; [destruct H|]. destruct l as [|c l].
  - destruct H as [<-|[]]. simpl. lra.
  - change (least (b :: c :: l)) with (Rmin b (least (c :: l))). destruct H as [<-|H].
    + apply Rmin_l.
    + eapply Rle_trans; [apply Rmin_r|]. apply IH. exact H.
Qed.

Section Formal.
Variables (K : ring) (D : K).
Notation linear := (list K).

Inductive method_data :=
  | GradientDescent (steps : list K)               (* D h_i *)
  | FixedStep (rows : list (list K)).              (* D h_ik *)

(* position, gradient, number of the function value among the scalars 1, f_*, t, f_0, .., f_N *)
Definition point := (linear * linear * nat)%type.
Definition position (p : point) : linear := fst (fst p).
Definition slope (p : point) : linear := snd (fst p).
Definition place (p : point) : nat := snd p.

Fixpoint gradient_descent_points (i : nat) (X : linear) (steps : list K) : list point :=
  (X, lunit K (S i) D, (3 + i)%nat) :: match steps with
  | [] => []
  | h :: steps' => gradient_descent_points (S i) (lsub K X (lunit K (S i) h)) steps'
  end.

Fixpoint fixed_step_points (i : nat) (rows : list (list K)) : list point := match rows with
  | [] => []
  | row :: rows' => (lsub K [c1 K] (c0 K :: row), lunit K (S i) D, (3 + i)%nat) :: fixed_step_points (S i) rows'
  end.

Definition method_points (m : method_data) : list point := match m with
  | GradientDescent steps => gradient_descent_points 0 [c1 K] steps
  | FixedStep rows => fixed_step_points 0 ([] :: rows)
  end.

Fixpoint triangular (i : nat) (rows : list (list K)) : bool := match rows with
  | [] => true
  | row :: rows' => (length row =? i)%nat && triangular (S i) rows'
  end.
Definition well_formed (m : method_data) : bool := match m with
  | GradientDescent _ => true
  | FixedStep rows => triangular 1 rows
  end.
End Formal.

Inductive method := Real_gradient_descent (steps : list R) | Real_fixed_step (rows : list (list R)).

Definition trajectory {V : inner_space} (L : R) (g : V -> V) (x0 : V) (m : method) : list V := match m with
  | Real_gradient_descent steps => gradient_descent L g x0 steps
  | Real_fixed_step rows => fixed_step L g x0 rows
  end.

Section Meaning.
Context {K : ring} (E : realisation K) {V : inner_space}.
Variables (L : R) (g : V -> V) (o : V) (D : K).
Hypothesis HL : L <> 0.
Hypothesis HD : value E D <> 0.
Notation val := (value E).

(* the element h of K stands for the step r *)
Definition step_means (h : K) (r : R) := val h = r * val D.

Definition method_means (md : method_data K) (m : method) : Prop := match md, m with
  | GradientDescent _ hs, Real_gradient_descent rs => Forall2 step_means hs rs
  | FixedStep _ hs, Real_fixed_step rs => Forall2 (Forall2 step_means) hs rs
  | _, _ => False
  end.

Definition scaled (x : V) : V := ((/ val D) * ((/ L) * g x))%V.
Definition basis (x0 : V) (points : list V) : list V := (x0 - o)%V :: map scaled points.

Definition sampled (bs : list V) (i : nat) (p : point K) (x : V) : Prop :=
  alike (eval E (position K p) bs) (x - o) /\ alike (eval E (slope K p) bs) ((/ L) * g x)
  /\ place K p = (3 + i)%nat.

Fixpoint all_sampled (bs : list V) (i : nat) (ps : list (point K)) (xs : list V) : Prop := match ps, xs with
  | [], [] => True
  | p :: ps', x :: xs' => sampled bs i p x /\ all_sampled bs (S i) ps' xs'
  | _, _ => False
  end.

Lemma eval_gradient : forall x0 pre x post c z,
  inner (eval E (lunit K (S (length pre)) c) (basis x0 (pre ++ x :: post))) z
  = val c * (/ val D * (/ L * inner (g x) z)).
Proof.
  intros. rewrite eval_unit. unfold basis. cbn [nth].
  rewrite (nth_indep _ zero (scaled x)) by (rewrite map_length, app_length; simpl; lia).
  rewrite map_nth, app_nth2, Nat.sub_diag by lia. simpl. unfold scaled. rewrite !inner_times. reflexivity.
Qed.

Lemma slope_sampled : forall x0 pre x post,
  alike (eval E (lunit K (S (length pre)) D) (basis x0 (pre ++ x :: post))) ((/ L) * g x).
Proof. intros. intro z. rewrite eval_gradient, inner_times. field. split; assumption. Qed.

Lemma gradient_descent_sampled : forall x0 hs rs, Forall2 step_means hs rs -> forall x pre X,
  let xs := gradient_descent L g x rs in
  let bs := basis x0 (pre ++ xs) in
  alike (eval E X bs) (x - o) ->
  all_sampled bs (length pre) (gradient_descent_points K D (length pre) X hs) xs.
Proof.
  intros x0 hs rs F. induction F as [|h r hs rs Hh F IH]; intros x pre X xs bs HX.
  - simpl. repeat split; [exact HX|]. unfold bs, xs. simpl. apply slope_sampled.
  - cbn [gradient_descent_points gradient_descent all_sampled]. unfold xs. cbn [gradient_descent].
    split; [repeat split; [exact HX|]; unfold bs, xs; cbn [gradient_descent]; apply slope_sampled|].
    set (x' := (x - (r / L) * g x)%V).
    specialize (IH x' (pre ++ [x]) (lsub K X (lunit K (S (length pre)) h))). cbv zeta in IH.
    rewrite app_length in IH. simpl (length [x]) in IH. rewrite Nat.add_1_r in IH.
    rewrite <- app_assoc in IH. simpl ([x] ++ _) in IH. apply IH.
    change (basis x0 (pre ++ x :: gradient_descent L g x' rs)) with bs.
    intro z. rewrite eval_sub, HX. unfold bs at 1, xs. cbn [gradient_descent]. rewrite eval_gradient, Hh. unfold x'.
    expand_inner. field. split; assumption.
Qed.

(* A row of steps, applied to the gradients so far, is the linear form with the same coefficients. *)
Lemma eval_row : forall hs rs, Forall2 step_means hs rs -> forall pre post, length hs = length pre -> forall z,
  inner (eval E hs (map scaled (pre ++ post))) z = / L * inner (combination rs (map g pre)) z.
Proof.
  intros hs rs F. induction F as [|h r hs rs Hh F IH]; intros pre post Len z.
  - simpl. destruct pre; [|discriminate]. simpl. expand_inner. ring.
  - destruct pre as [|x pre]; [discriminate|]. simpl. rewrite !inner_plus, IH by (simpl in Len; lia).
    rewrite Hh. unfold scaled. rewrite !inner_times. field. split; assumption.
Qed.

Lemma fixed_step_sampled : forall x0 hs rs, Forall2 (Forall2 step_means) hs rs -> forall pre,
  triangular K (length pre) hs = true ->
  let xs := fixed_step_from L g x0 (map g pre) rs in
  all_sampled (basis x0 (pre ++ xs)) (length pre) (fixed_step_points K D (length pre) hs) xs.
Proof.
  intros x0 hs rs F. induction F as [|h r hs rs Hh F IH]; intros pre T xs.
  - simpl. exact I.
  - simpl in T. apply andb_true_iff in T. destruct T as [T1 T2]. apply Nat.eqb_eq in T1.
    unfold xs. cbn [fixed_step_from fixed_step_points all_sampled].
    set (x := (x0 - (1 / L) * combination r (map g pre))%V).
    set (rest := fixed_step_from L g x0 (map g pre ++ [g x]) rs).
    split; [split; [|split; [apply slope_sampled|reflexivity]]|].
    + intro z. cbn [position fst]. rewrite eval_sub. unfold basis. cbn [eval].
      rewrite !inner_plus, !inner_times, value_1, value_0.
      rewrite (eval_row h r Hh pre (x :: rest) T1). unfold x. expand_inner. 
      unfold Rdiv. ring.
    + specialize (IH (pre ++ [x])). rewrite app_length in IH. simpl (length [x]) in IH. rewrite Nat.add_1_r in IH.
      specialize (IH T2). cbv zeta in IH. rewrite map_app in IH. simpl (map g [x]) in IH. fold rest in IH.
      rewrite <- app_assoc in IH. simpl ([x] ++ _) in IH. exact IH.
Qed.

Theorem method_sampled : forall md m x0, method_means md m -> well_formed K md = true ->
  let xs := trajectory L g x0 m in
  all_sampled (basis x0 xs) 0 (method_points K D md) xs.
Proof.
  intros [hs|hs] [rs|rs] x0 Hm W; simpl in Hm; try contradiction.
  - apply (gradient_descent_sampled x0 hs rs Hm x0 []). intro z. unfold basis. simpl. expand_inner. rewrite value_1. ring.
  - cbn [trajectory method_points]. unfold fixed_step. cbn [fixed_step_points all_sampled].
    pose proof (fixed_step_sampled x0 hs rs Hm [x0] W) as S. cbv zeta in S. simpl in S. split; [|exact S].
    split; [|split; [|reflexivity]].
    + intro z. unfold basis. simpl. rewrite ?value_add, ?value_opp, ?value_0, ?value_1. expand_inner. rewrite ?value_add, ?value_opp, ?value_0, ?value_1. ring.
    + apply (slope_sampled x0 [] x0).
Qed.
End Meaning.

